import { startKubeApi } from "@countersign/issuer-testing";
import { runContract } from "./run-contract.ts";

runContract("embedded Kubernetes API", () => startKubeApi());
