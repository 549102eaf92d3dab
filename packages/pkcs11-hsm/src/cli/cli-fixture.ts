import { type CliContext, runCli } from "./run-cli.ts";

/** How a run of the program ended. */
export interface CliRun {
  readonly code: 0 | 1 | 2;
  readonly out: string;
  readonly err: string;
}

/** For tests: runs `countersign-hsm` in this process. */
export async function cli(argv: readonly string[], overrides: Partial<CliContext> = {}): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(argv, {
    program: "countersign-hsm",
    env: {},
    print: (line) => void out.push(line),
    complain: (line) => void err.push(line),
    askSecret: undefined,
    now: () => new Date(),
    ...overrides,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
