import { afterAll, beforeAll, describe, test } from "vitest";
import { areas } from "./cases/index.ts";
import type { ContractServer } from "./contract-server.ts";
import { installCrds } from "./crds.ts";
import { runCase } from "./run-case.ts";

/** Registers every case of the suite against one server, which is started once and closed at the end. */
export function runContract(name: string, start: () => Promise<ContractServer>): void {
  describe(name, () => {
    let server: ContractServer;

    beforeAll(async () => {
      server = await start();
      await installCrds(server);
    });

    afterAll(() => server?.close());

    for (const area of areas) {
      describe(area.name, () => {
        for (const contractCase of area.cases) {
          test.concurrent(contractCase.name, async () => {
            await runCase(contractCase, server);
          });
        }
      });
    }
  });
}
