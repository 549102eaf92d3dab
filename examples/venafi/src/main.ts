import { runIssuer } from "@countersign/issuer-core";
import { venafi } from "./venafi.ts";

await runIssuer(venafi);
