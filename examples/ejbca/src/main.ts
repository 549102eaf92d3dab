import { runIssuer } from "@countersign/issuer-core";
import { ejbca } from "./ejbca.ts";

await runIssuer(ejbca);
