import { runIssuer } from "@countersign/issuer-core";
import { softwareCa } from "./software-ca.ts";

await runIssuer(softwareCa);
