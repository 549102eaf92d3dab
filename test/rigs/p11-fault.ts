import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildNative } from "./p11-native.ts";

/** What shall happen to the next calls of one function. */
export interface P11Rule {
  /** Such as `C_Sign`. */
  readonly function: string;
  /** How many calls; all of them unless given. A new process of the module starts to count again. */
  readonly count?: number | undefined;
  readonly delayMs?: number | undefined;
  /** CK_RV to answer instead of calling. `corrupt` calls, then changes a byte of the signature. */
  readonly answer?: number | "corrupt" | undefined;
}

/** A module before another one: it counts calls and makes them slow, failing or wrong. */
export interface P11Fault extends AsyncDisposable {
  readonly modulePath: string;
  readonly env: Readonly<Record<string, string>>;
  /** Replaces the rules; none lets every call pass. */
  set(...rules: readonly P11Rule[]): Promise<void>;
  /** How often a function was called, by all processes together. */
  count(name: string): Promise<number>;
}

/** Puts the fault module before `modulePath`. */
export async function createP11Fault(
  modulePath: string,
  env: Readonly<Record<string, string>>,
): Promise<P11Fault> {
  const fault = await buildNative("p11-fault/p11-fault.c", "so");
  const directory = await mkdtemp(join(tmpdir(), "countersign-p11fault-"));
  const [control, log] = [join(directory, "control"), join(directory, "log")];
  return {
    modulePath: fault,
    env: { ...env, P11_FAULT_MODULE: modulePath, P11_FAULT_CONTROL: control, P11_FAULT_LOG: log },
    async set(...rules) {
      const lines = rules.map(
        ({ function: name, delayMs = 0, answer = 0, count = 1_000_000_000 }) =>
          `${name} ${delayMs} ${answer} ${count}\n`,
      );
      await writeFile(`${control}.new`, lines.join(""));
      await rename(`${control}.new`, control);
    },
    async count(name) {
      const text = await readFile(log, "utf8").catch(() => "");
      return text.split("\n").filter((line) => line === name).length;
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
