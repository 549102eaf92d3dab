import { HttpClient } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { activeServer } from "./active-server.ts";
import { type FakeAnswer, FakeVault } from "./fake-vault-fixture.ts";
import { VaultTransport } from "./vault-transport.ts";

const vaultStandby: FakeAnswer = { status: 429, body: { standby: true, performance_standby: false } };
const openBaoStandby: FakeAnswer = { status: 429, body: { standby: true } };
const performanceStandby: FakeAnswer = { status: 473, body: { standby: true, performance_standby: true } };
const sealed: FakeAnswer = { status: 503, body: { sealed: true } };

/** Which of servers with these healths is chosen: its index. */
async function chosen(healths: readonly FakeAnswer[], electionMs = 0) {
  await using stack = new AsyncDisposableStack();
  const fakes: FakeVault[] = [];
  for (const health of healths) {
    const fake = stack.use(await FakeVault.start());
    fake.routes["GET sys/health"] = health;
    fakes.push(fake);
  }
  const http = stack.use(new HttpClient());
  const servers = fakes.map(({ url }) => url);
  const transport = new VaultTransport({ http, servers, namespace: undefined });
  const server = await activeServer({ transport, servers, electionMs, signal: AbortSignal.timeout(5_000) });
  return { at: server === undefined ? undefined : servers.indexOf(server), fakes };
}

describe("activeServer", () => {
  test.each<[string, readonly FakeAnswer[], number | undefined]>([
    ["the active one", [openBaoStandby, sealed, { status: 200 }], 2],
    ["a standby of Vault, which forwards", [openBaoStandby, vaultStandby], 1],
    ["one that does not tell", [performanceStandby, { status: 403 }], 1],
    ["none of standbys that answer by themselves", [openBaoStandby, performanceStandby], undefined],
    ["none of a standby and a sealed one", [sealed, openBaoStandby], undefined],
  ])("is %s", async (_, healths, at) => {
    expect((await chosen(healths)).at).toBe(at);
  });

  test("waits for an election", async () => {
    await using fake = await FakeVault.start();
    let looks = 0;
    fake.routes["GET sys/health"] = () => (++looks < 3 ? openBaoStandby : { status: 200 });
    using http = new HttpClient();
    const servers = [fake.url];
    const transport = new VaultTransport({ http, servers, namespace: undefined });
    const signal = AbortSignal.timeout(5_000);
    expect(await activeServer({ transport, servers, electionMs: 3_000, signal })).toBe(fake.url);
    expect(looks).toBe(3);
    looks = Number.NEGATIVE_INFINITY;
    const abort = new AbortController();
    const waiting = activeServer({ transport, servers, electionMs: 60_000, signal: abort.signal });
    abort.abort(new Error("stop"));
    await expect(waiting).rejects.toThrow();
  });

  test("rejects where every server is sealed: that is an outage, which passes", async () => {
    await expect(chosen([sealed, sealed])).rejects.toMatchObject({ code: "RETRYABLE" });
  });

  test("rejects where no server answers, likewise", async () => {
    using http = new HttpClient();
    const servers = ["http://127.0.0.1:1"];
    const transport = new VaultTransport({ http, servers, namespace: undefined });
    const options = { transport, servers, electionMs: 0, signal: AbortSignal.timeout(5_000) };
    await expect(activeServer(options)).rejects.toMatchObject({ code: "RETRYABLE" });
  });
});
