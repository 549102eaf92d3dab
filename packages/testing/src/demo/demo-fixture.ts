import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** How a demonstration ended. */
export interface DemoEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and with what a demonstration is run. */
export interface DemoProcessOptions {
  readonly cwd: string;
  /** INIT_CWD, as npm sets it; none unless given. */
  readonly initCwd?: string | undefined;
}

const root = join(import.meta.dirname, "..", "..", "..", "..");
/** Where Node keeps what it has compiled: these processes differ in their arguments only. */
const compileCache = join(root, "node_modules", ".cache", "demo-compile-cache");

/** Runs `examples/<name>/src/demo.ts` with plain Node, to its end. */
export async function runDemoProcess(
  name: string,
  args: readonly string[],
  { cwd, initCwd }: DemoProcessOptions,
): Promise<DemoEnd> {
  const { INIT_CWD: _, ...env } = process.env;
  const file = join(root, "examples", name, "src", "demo.ts");
  const child = spawn(process.execPath, [file, ...args], {
    cwd,
    env: {
      ...env,
      NODE_COMPILE_CACHE: compileCache,
      ...(initCwd === undefined ? {} : { INIT_CWD: initCwd }),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}
