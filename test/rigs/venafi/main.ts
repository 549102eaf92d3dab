import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultZones, startTpp } from "./start-tpp.ts";
import { defaultApplications, startVenafiCloud } from "./start-venafi-cloud.ts";

const HELP = `Usage: node test/rigs/venafi/main.ts [options]

Runs simulators of Venafi TPP and of the SaaS on 127.0.0.1 until it is stopped (Ctrl-C), to try an issuer or a client with.
They are no products: test/rigs/venafi/README.md says what they were made from and what they leave out.

  --tpp-port PORT     port of TPP (default 8443)
  --cloud-port PORT   port of the SaaS (default 8444)
  --dir DIR           folder for trust, roots and ledgers (default venafi-simulators)
  --pending N         orders are found pending N times before they are issued (default 0)
  --workflow          orders wait for approval: type "approve" or "reject REASON" and Enter
  --fail N            the first N orders end in an error
  --help              this text
`;

const { values } = parseArgs({
  options: {
    "tpp-port": { type: "string", default: "8443" },
    "cloud-port": { type: "string", default: "8444" },
    dir: { type: "string", default: "venafi-simulators" },
    pending: { type: "string", default: "0" },
    fail: { type: "string", default: "0" },
    workflow: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const directory = resolve(process.env.INIT_CWD ?? ".", values.dir);
  await mkdir(directory, { recursive: true });
  const file = (name: string) => join(directory, name);
  const [looks, times] = [count("pending"), count("fail")];
  const tpp = await startTpp({ port: count("tpp-port"), ledgerFile: file("tpp-ledger.jsonl") });
  const cloud = await startVenafiCloud({ port: count("cloud-port"), ledgerFile: file("cloud-ledger.jsonl") });
  for (const { control } of [tpp, cloud]) {
    control.pendingFor(looks);
    control.holdInWorkflow(values.workflow);
    control.failIssuance({ times });
  }
  await writeFile(file("tpp-ca.pem"), tpp.caPem);
  await writeFile(file("tpp-root.pem"), tpp.rootPem);
  await writeFile(file("cloud-ca.pem"), cloud.caPem);
  await writeFile(file("cloud-root.pem"), cloud.rootPem);
  const zones = Object.entries(defaultApplications).flatMap(([application, aliases]) =>
    Object.keys(aliases).map((alias) => `${application}\\${alias}`),
  );
  const list = (names: readonly string[]) => names.map((name) => `'${name}'`).join(", ");
  process.stdout.write(
    [
      `TPP (simulator)   ${tpp.url}`,
      `  trust           ${file("tpp-ca.pem")}`,
      `  issues below    ${file("tpp-root.pem")}`,
      ...tpp.credentials.users.map(({ username, password }) => `  user            ${username} ${password}`),
      `  clients         ${tpp.credentials.clients.map(({ id }) => id).join(", ")}`,
      `  zones           ${list(Object.keys(defaultZones))}`,
      `SaaS (simulator)  ${cloud.url}`,
      `  trust           ${file("cloud-ca.pem")}`,
      `  issues below    ${file("cloud-root.pem")}`,
      `  API key         ${cloud.credentials.apiKey}`,
      `  zones           ${list(zones)}`,
      "",
    ].join("\n"),
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      process.stdin.destroy();
      Promise.all([tpp.stop(), cloud.stop()]).catch((error: unknown) => {
        process.stderr.write(`${error}\n`);
        process.exitCode = 1;
      });
    });
  process.stdin.setEncoding("utf8").on("data", (line: string) => {
    const [word, ...reason] = line.trim().split(" ");
    for (const { control } of [tpp, cloud])
      if (word === "approve") control.approve();
      else if (word === "reject") control.reject(reason.join(" ") || "no reason given");
  });
}

function count(name: "tpp-port" | "cloud-port" | "pending" | "fail"): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= 0) return number;
  process.stderr.write(`--${name} wants a whole number, not "${values[name]}"\n`);
  process.exit(2);
}
