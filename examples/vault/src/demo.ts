import { runDemo } from "@countersign/issuer-testing";
import { startDemoVault } from "./demo-vault.ts";
import { vault } from "./vault.ts";

await runDemo({
  name: "vault",
  definition: vault,
  prepare: () => startDemoVault((line) => console.error(line)),
});
