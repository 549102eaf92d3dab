import { parseArgs } from "node:util";
import { buildRig } from "./build-rig.ts";
import { RIGS, type RigName } from "./rig.ts";

const names = Object.keys(RIGS) as RigName[];
const HELP = `Usage: node test/rigs/build.ts [name…]

Builds the servers that the real tier runs, or finds them, and prints where they are.
Names: ${names.join(", ")}; all of them unless given.
Cache, overrides and versions: test/rigs/README.md.
`;

const { values, positionals } = parseArgs({
  options: { help: { type: "boolean", short: "h" } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !names.includes(name as RigName));
if (values.help) process.stdout.write(HELP);
else if (unknown !== undefined) {
  process.stderr.write(`no rig is called "${unknown}"\n\n${HELP}`);
  process.exitCode = 2;
} else {
  try {
    for (const name of positionals.length > 0 ? (positionals as RigName[]) : names) {
      const started = Date.now();
      const { path, origin } = await buildRig(name, { log: (line) => process.stderr.write(`${line}\n`) });
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${name}\t${origin}\t${seconds} s\t${path}\n`);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
