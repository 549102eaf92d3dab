import { runIssuer } from "@countersign/issuer-core";
import { acme } from "./acme.ts";

await runIssuer(acme);
