import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callEjbca } from "./call-ejbca.ts";
import { Replay } from "./replay.ts";
import { type Ejbca, startEjbca } from "./start-ejbca.ts";
import { readProbes, readTranscripts, transcriptsMissing } from "./transcripts.ts";

describe.skipIf(transcriptsMissing !== undefined)(
  `the EJBCA simulator answers as recorded${transcriptsMissing === undefined ? "" : ` (skipped: ${transcriptsMissing})`}`,
  () => {
    let ejbca: Ejbca;
    let replay: Replay;

    beforeAll(async () => {
      ejbca = await startEjbca();
      replay = new Replay(ejbca);
    });
    afterAll(async () => {
      expect(ejbca.defects).toEqual([]);
      await ejbca.stop();
    });

    const exchanges = transcriptsMissing === undefined ? readTranscripts() : [];
    test.each(exchanges.map((exchange) => [exchange.id, exchange] as const))("%s", async (_id, exchange) => {
      const { recorded, simulated } = await replay.exchange(exchange);
      expect(simulated).toEqual(recorded);
    });

    test("a server that stops and starts again", async () => {
      const pages: string[] = [];
      for (const lifecycle of ["suspended", "undeployed", "starting"] as const) {
        ejbca.faults.lifecycle = lifecycle;
        const { status, contentType, text } = await callEjbca(ejbca, { path: "/v1/ca/status" });
        pages.push(`${status} ${contentType} ${text}`);
      }
      ejbca.faults.lifecycle = "running";
      const seen = readProbes()
        .filter(({ content_type }) => content_type === "text/html")
        .map(({ answer, content_type, body_start }) => `${answer} ${content_type} ${body_start}`);
      expect([...new Set(seen)].sort()).toEqual(pages.sort());
    });
  },
);
