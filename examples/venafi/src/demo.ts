import { join } from "node:path";
import { runDemo } from "@countersign/issuer-testing";
import { startDemoCloud, startDemoTpp } from "./demo-venafi.ts";
import { venafi } from "./venafi.ts";

const argv = process.argv.slice(2);
const demo = { name: "venafi", definition: venafi };

if (argv.some((arg) => /^(-h|--help|--print-manifests|--kubeconfig(=.*)?)$/.test(arg))) {
  await runDemo({ ...demo, prepare: startDemoTpp }, { argv });
} else {
  // Two demonstrations, each with a folder of its own below the one that is asked for.
  const at = argv.indexOf("--out");
  const out = at < 0 ? "countersign-out/venafi" : (argv[at + 1] ?? "");
  const rest = at < 0 ? argv : argv.toSpliced(at, 2);
  for (const [folder, prepare] of [
    ["tpp", startDemoTpp],
    ["saas", startDemoCloud],
  ] as const) {
    await runDemo({ ...demo, prepare }, { argv: [...rest, "--out", join(out, folder)] });
    if (process.exitCode !== undefined) break;
  }
}
