import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import { type DemoFiles, type PemPair, startDemoFiles } from "./demo-service.ts";

/** One line of the program's log. */
export interface LogLine {
  readonly msg: string;
  readonly [fact: string]: unknown;
}

/** For tests: the program with the simulator behind it. */
export interface Program extends AsyncDisposable {
  readonly files: DemoFiles;
  readonly process: ChildProcess;
  readonly lines: readonly LogLine[];
  readonly url: string;
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>;
}

/** What curl says. */
export interface CurlReply {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** For tests: starts it with files of its own, which end with it, and waits until it serves. */
export async function startProgram(
  more: Readonly<Record<string, unknown>> = {},
  args: readonly string[] = [],
): Promise<Program> {
  const files = await startDemoFiles(more);
  try {
    const program = await spawnProgram(files, args);
    return {
      ...program,
      async [Symbol.asyncDispose]() {
        await program[Symbol.asyncDispose]();
        await files[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

/** For tests: starts it with these files, and waits until it serves. */
export async function spawnProgram(files: DemoFiles, args: readonly string[] = []): Promise<Program> {
  const main = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, [main, "--config", files.config, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: LogLine[] = [];
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
  });
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
  const exited = once(child, "exit").then(([code]) => code as number | null);
  let look: NodeJS.Timeout | undefined;
  const serving = await new Promise<LogLine>((resolve, reject) => {
    void exited.then((code) => reject(new Error(`the program ended with ${code}: ${errors}`)));
    look = setInterval(() => {
      const line = lines.find(({ msg }) => msg === "serving");
      if (line !== undefined) resolve(line);
    }, 20);
  }).finally(() => clearInterval(look));
  return {
    ...{ files, process: child, lines, exited },
    url: `https://localhost:${serving.port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** For tests: a client that is not of this project, with a certificate or none. */
export interface CurlClient extends AsyncDisposable {
  run(...args: readonly string[]): Promise<CurlReply>;
  /** A file with these bytes, for `--data-binary @FILE`. */
  file(name: string, text: string): Promise<string>;
}

/** For tests: curl with its files in a folder of its own. */
export async function curlClient(caPem: string, identity?: PemPair): Promise<CurlClient> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-curl-"));
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const base = [
    "--silent",
    "--show-error",
    "--include",
    "--max-time",
    "20",
    "--cacert",
    await file("ca", caPem),
  ];
  if (identity !== undefined)
    base.push("--cert", await file("cert", identity.cert), "--key", await file("key", identity.key));
  return {
    file,
    async run(...args) {
      const stdout = await new Promise<string>((resolve, reject) => {
        execFile("curl", [...base, ...args], (error, out, err) =>
          error ? reject(new Error(err)) : resolve(out),
        );
      });
      // With --include, a 100 Continue comes as a head of its own.
      const text = stdout.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
      const [headers = "", ...rest] = text.split("\r\n\r\n");
      return { status: Number(headers.split(" ")[1]), headers, body: rest.join("\r\n\r\n") };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** For tests: the body of a sign call for a new key, and a name that no other has: the CA enforces unique subjects. */
export async function newBody(dnsName = `${randomUUID()}.example.com`): Promise<string> {
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const csr = await buildCsr({ key, commonName: dnsName, dnsNames: [dnsName] });
  return JSON.stringify({ csr: Buffer.from(csr).toString("base64") });
}
