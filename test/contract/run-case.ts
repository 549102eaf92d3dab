import { randomBytes } from "node:crypto";
import type { ContractCase } from "./contract-case.ts";
import { ContractContext } from "./contract-context.ts";
import type { ContractServer } from "./contract-server.ts";
import { Normaliser } from "./normaliser.ts";

/** Runs a case in a namespace of its own and returns what was seen, free of what differs from run to run. */
export async function runCase(
  contractCase: ContractCase,
  server: ContractServer,
): Promise<readonly unknown[]> {
  const t = new ContractContext(server, randomBytes(4).toString("hex"));
  try {
    await t.admin.unrecorded.create("/api/v1/namespaces", { metadata: { name: t.namespace } });
    const observed = await contractCase.run(t);
    const normaliser = new Normaliser(t.suffix);
    return [...t.exchanges, { observed }].map((entry) => normaliser.normalise(entry));
  } finally {
    t.close();
  }
}
