import { runSignService } from "./run-sign-service.ts";

await runSignService(process.argv.slice(2), process.env);
