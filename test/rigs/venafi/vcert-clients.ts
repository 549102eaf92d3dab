import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCertificates } from "@countersign/issuer-core";
import { buildRig } from "../build-rig.ts";
import { opensslVerify } from "../x509-oracle-openssl.ts";
import { type OracleProcess, startOracleProcess } from "../x509-oracle-process.ts";

/** How a run of the Go client ended. */
export interface VcertRun {
  readonly code: number;
  readonly stdout: string;
  /** Its log. */
  readonly stderr: string;
}

/** The vendor's command line client, in a folder of its own. */
export interface VcertCli extends AsyncDisposable {
  /** Runs a command. Without an environment but for `env`, so that nobody's settings have a say. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<VcertRun>;
  /** Runs a command that must succeed; rejects with its log where it does not. */
  ok(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<VcertRun>;
  /** Path of a file in the folder. */
  path(name: string): string;
  read(name: string): Promise<string>;
  write(name: string, text: string): Promise<void>;
}

/** Takes the client that the rig has built. */
export async function vcertCli(): Promise<VcertCli> {
  const { path: binary } = await buildRig("venafi-vcert-go");
  const directory = await mkdtemp(join(tmpdir(), "countersign-vcert-"));
  const path = (name: string) => join(directory, name);
  const run: VcertCli["run"] = (args, env = {}) =>
    new Promise((resolve, reject) => {
      const options = { cwd: directory, env: { HOME: directory, ...env }, timeout: 60_000 };
      execFile(binary, args, options, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== "number") reject(error);
        else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  return {
    run,
    async ok(args, env) {
      const ended = await run(args, env);
      if (ended.code !== 0) throw new Error(`vcert ${args[0]} ended with ${ended.code}: ${ended.stderr}`);
      return ended;
    },
    path,
    read: (name) => readFile(path(name), "utf8"),
    write: (name, text) => writeFile(path(name), text),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** The vendor's Python client; `venafi-vcert-python/client.py` has what it can be told to do. */
export async function vcertPython(): Promise<OracleProcess> {
  const { path } = await buildRig("venafi-vcert-python");
  return startOracleProcess(path, [join(import.meta.dirname, "../venafi-vcert-python/client.py")]);
}

/** openssl's word on what a client got: `OK`, or why it is not good. `pem` has the leaf first. */
export async function opensslSays(pem: string, rootPem: string, host: string): Promise<string> {
  const [leaf, ...above] = parseCertificates(pem);
  const [root] = parseCertificates(rootPem);
  if (leaf === undefined || root === undefined) return "nothing to verify";
  const { valid, message } = await opensslVerify({
    certificate: leaf.der,
    intermediates: above.map(({ der }) => der),
    root: root.der,
    purpose: "server auth",
    host,
    at: new Date(),
  });
  return valid ? "OK" : message;
}
