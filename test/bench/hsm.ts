import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseCsr, selfSignCa } from "@countersign/issuer-core";
import { HsmKey, Pkcs11Signer } from "../../packages/pkcs11-hsm/src/index.ts";
import { signRequestFor } from "../../packages/signer/src/testing.ts";
import { buildNative } from "../rigs/p11-native.ts";
import { runTool } from "../rigs/pkcs11-tools.ts";
import { createSoftHsm, softHsmPin } from "../rigs/softhsm.ts";
import { cpuSecondsOf } from "./process-usage.ts";

// Certificates a second, from the PEM of the request to the PEM of the chain, against a bare loop of C_SignInit and C_Sign
// with the same module, key and number of sessions: in C, and in one thread of Node, where the module finds Node's OpenSSL in
// place of the system's. The rounds alternate, so that a busy machine is busy for all.
const HELP = `Usage: npm run bench:hsm -- [options]

  --seconds N    length of each round (3)
  --rounds N     rounds of each kind, the best counts (5)
  --sessions N   sessions, and threads of the loop in C (4)
`;

interface Round {
  readonly count: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const cases = [
  { name: "RSA-3072", type: "rsa:3072", mechanism: "0x1", bytes: 67, id: "01" },
  { name: "P-256", type: "EC:secp256r1", mechanism: "0x1041", bytes: 32, id: "02" },
  { name: "Ed25519", type: "EC:edwards25519", mechanism: "0x1057", bytes: 700, id: "03" },
] as const;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "5" },
    sessions: { type: "string", default: "4" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) process.stdout.write(HELP);
else await bench(Number(values.seconds), Number(values.rounds), Number(values.sessions));

async function bench(seconds: number, rounds: number, sessions: number): Promise<void> {
  const loop = await buildNative("p11-bench/p11-bench.c", "exe");
  await using hsm = await createSoftHsm();
  await hsm.addToken(
    "bench",
    cases.map(({ name, type, id }) => ({ label: name, type, id })),
  );
  const { csr } = await signRequestFor({ dnsNames: ["www.example.com"] });
  const titles = ["C/s", "ours/s", "C/cpu-s", "Node/cpu-s", "ours/cpu-s", "ours:C", "ours:Node"];
  process.stdout.write(`${"".padEnd(10)}${titles.map((title) => title.padStart(11)).join("")}\n`);
  for (const { name, mechanism, bytes } of cases) {
    await using made = await signerOf(hsm.modulePath, hsm.env, name, sessions);
    const [bare, node, ours]: [Round[], Round[], Round[]] = [[], [], []];
    for (let round = 0; round < rounds; round += 1) {
      const args = [hsm.modulePath, "bench", softHsmPin, name, mechanism, bytes, sessions, seconds].map(
        String,
      );
      bare.push(JSON.parse(await runTool(loop, args, hsm.env)) as Round);
      const script = join(import.meta.dirname, "hsm-loop.ts");
      node.push(JSON.parse(await runTool(process.execPath, [script, ...args], hsm.env)) as Round);
      ours.push(await issue(made.signer, csr, seconds, sessions * 4, made.pid()));
    }
    const best = (all: readonly Round[], per: "seconds" | "cpuSeconds") =>
      Math.max(...all.map((round) => round.count / round[per]));
    const rates = [
      best(bare, "seconds"),
      best(ours, "seconds"),
      best(bare, "cpuSeconds"),
      best(node, "cpuSeconds"),
      best(ours, "cpuSeconds"),
    ];
    const [inC = 1, asIssuer = 0, , nodeCpu = 1, oursCpu = 0] = rates;
    const cells = [
      ...rates.map((rate) => rate.toFixed(0)),
      (asIssuer / inC).toFixed(2),
      (oursCpu / nodeCpu).toFixed(2),
    ];
    process.stdout.write(`${name.padEnd(10)}${cells.map((cell) => cell.padStart(11)).join("")}\n`);
  }
}

async function signerOf(
  modulePath: string,
  env: Readonly<Record<string, string>>,
  label: string,
  sessions: number,
) {
  const token = { modulePath, token: { label: "bench" }, pin: softHsmPin, env: { ...process.env, ...env } };
  const key = new HsmKey({ tokens: [token], key: { label }, sessions });
  const certificate = await selfSignCa({
    signer: await key.signer(),
    subject: [{ type: "CN", value: label }],
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000 * 365),
  });
  const signer = new Pkcs11Signer({ key, caChain: [certificate], profile: undefined, clock: Date.now });
  return {
    signer,
    pid: () => childOf(process.pid),
    [Symbol.asyncDispose]: () => key.close(),
  };
}

/** Issues as many as it can, so many at once; the CPU time of this process and of the module's counts. */
async function issue(
  signer: Pkcs11Signer,
  csr: string,
  seconds: number,
  atOnce: number,
  child: Promise<number>,
): Promise<Round> {
  const pid = await child;
  const request = await signRequestFor({ csr });
  const { signal } = new AbortController();
  const childBefore = await cpuSecondsOf(pid);
  const before = process.cpuUsage();
  const started = performance.now();
  const until = started + seconds * 1000;
  let count = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() < until) {
        count += 1;
        const attemptId = `attempt ${count}`;
        await signer.sign(
          { ...request, parsedCsr: parseCsr(csr) },
          { operation: undefined, signal, attemptId },
        );
      }
    }),
  );
  const wall = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6 + (await cpuSecondsOf(pid)) - childBefore;
  return { count, seconds: wall, cpuSeconds };
}

async function childOf(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  return Number(children.at(-1));
}
