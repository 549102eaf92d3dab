import { runIssuer } from "@countersign/issuer-core";
import { webhook } from "./webhook.ts";

await runIssuer(webhook);
