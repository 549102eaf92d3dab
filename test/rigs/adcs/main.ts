import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type CertsrvLanguageCode, certsrvLanguages } from "./certsrv-languages.ts";
import { startCertsrv } from "./start-certsrv.ts";

const languages = Object.keys(certsrvLanguages);

const HELP = `Usage: node test/rigs/adcs/main.ts [options]

Runs a simulator of the web enrolment of Microsoft AD CS on 127.0.0.1 until it is stopped (Ctrl-C), to try an issuer or a client
with. It is no AD CS: test/rigs/README.md says what it was made from and what it leaves out. The account is svc, its password
password, by basic authentication; templates are WebServer, WebServerApproval (waits), SubCA and Machine.

  --port PORT          port of https (default 8443)
  --backend-port PORT  port of plain http, for a front that has authenticated and says so in X-Remote-User (default 8080)
  --language CODE      of the pages: ${languages.join(", ")} (default en)
  --dir DIR            folder for tls-ca.pem and root.pem (default certsrv-simulator)
  --help               this text

While it runs, type "approve ID", "deny ID", "renew" (a new key), "suspend", "resume" or "requests", and Enter.
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8443" },
    "backend-port": { type: "string", default: "8080" },
    language: { type: "string", default: "en" },
    dir: { type: "string", default: "certsrv-simulator" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const directory = resolve(process.env.INIT_CWD ?? ".", values.dir);
  await mkdir(directory, { recursive: true });
  if (!languages.includes(values.language))
    throw new TypeError(
      `Expected \`--language\` to be one of ${languages.join(", ")}, got \`${values.language}\``,
    );
  const certsrv = await startCertsrv({
    port: Number(values.port),
    backendPort: Number(values["backend-port"]),
    language: values.language as CertsrvLanguageCode,
  });
  const { ca } = certsrv;
  await writeFile(join(directory, "tls-ca.pem"), certsrv.tlsCaPem);
  await writeFile(join(directory, "root.pem"), certsrv.rootPem);
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  say(`certsrv (simulator)  ${certsrv.url}`);
  say(`  backend            ${certsrv.backendUrl}`);
  say(`  trust              ${join(directory, "tls-ca.pem")}`);
  say(`  issues below       ${join(directory, "root.pem")}`);
  say("  account            svc password");
  say(`  templates          ${[...ca.templates.keys()].join(", ")}`);
  const commands: Readonly<Record<string, (id: number) => unknown>> = {
    approve: (id) => ca.approve(id),
    deny: (id) => ca.deny(id),
    renew: () => ca.renew({ newKey: true }),
    suspend: () => Object.assign(ca, { failing: 0x80094006 }),
    resume: () => Object.assign(ca, { failing: 0 }),
    requests: () => {
      for (const { id, requester, disposition, csr } of ca.rows)
        say(`${id}  disposition ${disposition}  ${requester}  ${csr.names.dns.join(", ") || csr.subject}`);
    },
  };
  const lines = createInterface({ input: process.stdin });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => {
        lines.close();
        process.stdin.destroy();
        resolve();
      });
  });
  for await (const line of lines) {
    const [word = "", id] = line.trim().split(/\s+/);
    try {
      await commands[word]?.(Number(id));
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  }
  // The end of its input, as from /dev/null, does not stop it.
  await stopped;
  await certsrv.stop();
}
