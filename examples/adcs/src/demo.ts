import { runDemo } from "@countersign/issuer-testing";
import { adcs } from "./adcs.ts";
import { startDemoAdcs } from "./demo-adcs.ts";

await runDemo({
  name: "adcs",
  definition: adcs,
  prepare: () => startDemoAdcs((line) => console.error(line)),
});
