import { runIssuer } from "@countersign/issuer-core";
import { vault } from "./vault.ts";

await runIssuer(vault);
