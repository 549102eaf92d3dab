import { runIssuer } from "@countersign/issuer-core";
import { adcs } from "./adcs.ts";

await runIssuer(adcs);
