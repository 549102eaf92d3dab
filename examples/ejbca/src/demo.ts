import { runDemo } from "@countersign/issuer-testing";
import { startDemoEjbca } from "./demo-ejbca.ts";
import { ejbca } from "./ejbca.ts";

await runDemo({ name: "ejbca", definition: ejbca, prepare: startDemoEjbca });
