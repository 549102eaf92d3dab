// Runs the demonstration of one example: npm run demo NAME -- [options]
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const examples = resolve(dirname(fileURLToPath(import.meta.url)), "..", "examples");
const names = readdirSync(examples).filter((name) => existsSync(join(examples, name, "src", "demo.ts")));
const [name, ...args] = process.argv.slice(2);
const usage = `npm run demo NAME -- [options]   (NAME: ${names.join(", ")}; npm run demo NAME -- --help)`;

if (name === undefined || name === "--help" || name === "-h") {
  console.log(usage);
  process.exitCode = name === undefined ? 1 : 0;
} else if (!names.includes(name)) {
  console.error(`There is no demo "${name}". ${usage}`);
  process.exitCode = 1;
} else {
  const file = join(examples, name, "src", "demo.ts");
  const child = spawn(process.execPath, [file, ...args], {
    stdio: "inherit",
  });
  process.on("SIGTERM", () => child.kill("SIGTERM")).on("SIGINT", () => {});
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}
