/**
 * The commands of `countersign-hsm` for a program of one's own.
 *
 * @module
 */
export type { CommandContext } from "./cli/command-context.ts";
export { type CliContext, runCli } from "./cli/run-cli.ts";
