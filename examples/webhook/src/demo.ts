import { runDemo } from "@countersign/issuer-testing";
import { startDemoService } from "./demo-service.ts";
import { webhook } from "./webhook.ts";

await runDemo({ name: "webhook", definition: webhook, prepare: startDemoService });
