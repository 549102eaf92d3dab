#!/usr/bin/env node
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { runCli } from "./cli/run-cli.ts";

/** The terminal echoes nothing of the answer: what readline would write goes nowhere. */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asking = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await asking.question("");
  } finally {
    asking.close();
    process.stderr.write("\n");
  }
}

process.exitCode = await runCli(process.argv.slice(2), {
  program: "countersign-hsm",
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  askSecret: process.stdin.isTTY ? askSecret : undefined,
  now: () => new Date(),
});
