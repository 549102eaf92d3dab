import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCsr, HttpClient, newPrivateKey, parseCertificates } from "@countersign/issuer-signer";
import { expect, type TestContext, test } from "vitest";
import { type FakePkiOptions, startFakePki } from "./start-fake-pki.ts";

const csr = await buildCsr({
  key: newPrivateKey({ name: "EC", curve: "P-256" }),
  dnsNames: ["web.example.com"],
});
const bearer = "fake-pki-token";

interface OrderAnswer {
  readonly id: string;
  readonly state: string;
  readonly pem: string;
  readonly reason: string;
}

async function start({ onTestFinished }: Pick<TestContext, "onTestFinished">, options: FakePkiOptions) {
  const pki = await startFakePki(options);
  const http = new HttpClient();
  onTestFinished(async () => {
    http.close();
    await pki.stop();
  });
  const order = (body: object) =>
    http.post<OrderAnswer>(`${pki.url}/orders`, { bearer, json: { csr, ...body } });
  return { pki, http, order };
}

test("a calm PKI issues at once, below its root, and writes the ledger and its file", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "fake-pki-"));
  context.onTestFinished(() => rm(directory, { recursive: true }));
  const ledgerFile = join(directory, "ledger.jsonl");
  const { pki, order } = await start(context, { calm: true, ledgerFile });
  const { state, pem } = await order({ key: "k" });
  expect(state).toBe("issued");
  const [leaf, intermediate, root] = parseCertificates(pem);
  expect(leaf?.names.dns).toEqual(["web.example.com"]);
  expect(intermediate && leaf?.isIssuedBy(intermediate)).toBe(true);
  expect(root?.pem).toBe(pki.caPem);
  const [entry] = pki.ledger.entries;
  expect(entry).toMatchObject({ key: "k", serial: leaf?.serialHex, caller: "" });
  expect(JSON.parse(await readFile(ledgerFile, "utf8"))).toEqual(entry);
});

test("a repeated key is one order, also at the same time; without a key each order is a certificate", async (context) => {
  const { pki, order } = await start(context, { calm: true });
  await Promise.all([order({ key: "k" }), order({ key: "k" })]);
  await order({ key: "k" });
  expect(pki.ledger.entries).toHaveLength(1);
  expect(pki.ledger.duplicates()).toEqual([]);
  await order({});
  await order({});
  expect(pki.ledger.duplicates()).toHaveLength(2);
});

test("a PKI without idempotency keys issues for each call; the search finds the latest", async (context) => {
  const { pki, http, order } = await start(context, { calm: true, idempotencyKeys: false });
  await order({ key: "k" });
  const { id } = await order({ key: "k" });
  expect(pki.ledger.duplicates()).toHaveLength(1);
  expect(await http.get<OrderAnswer>(`${pki.url}/orders?key=k`, { bearer })).toMatchObject({ id });
  await expect(http.get(`${pki.url}/orders?key=other`, { bearer })).rejects.toThrow("404");
});

test("a pending order is issued after one to three looks", async (context) => {
  const { pki, http, order } = await start(context, { calm: true, misbehaviour: { pending: 1 } });
  let answer = await order({ key: "k" });
  expect(answer.state).toBe("pending");
  for (let looks = 0; answer.state === "pending" && looks < 3; looks += 1)
    answer = await http.get<OrderAnswer>(`${pki.url}/orders/${answer.id}`, { bearer });
  expect(answer.state).toBe("issued");
  expect(pki.ledger.entries).toHaveLength(1);
});

test.each([
  ["throttled", "429", 0],
  ["unavailable", "503", 0],
  ["resetBefore", "the connection broke", 0],
  ["resetAfter", "the connection broke", 1],
  ["halfAnswer", "the connection broke", 1],
] as const)("%s: the call fails with %s and %i certificates are issued", async (name, message, issued) => {
  const pki = await startFakePki({ calm: true, misbehaviour: { [name]: 1 } });
  const http = new HttpClient();
  try {
    const call = http.post(`${pki.url}/orders`, { bearer, json: { csr, key: "k" } });
    await expect(call).rejects.toThrow(message);
    expect(pki.ledger.entries).toHaveLength(issued);
  } finally {
    http.close();
    await pki.stop();
  }
});

test("a wrong token and a CSR that is none are refused", async (context) => {
  const { pki, http, order } = await start(context, { calm: true });
  await expect(http.get(`${pki.url}/health`, { bearer: "wrong" })).rejects.toThrow("401");
  expect(await order({ csr: "no CSR" })).toMatchObject({ state: "rejected" });
  await expect(http.post(`${pki.url}/orders`, { bearer, json: {} })).rejects.toThrow("400");
  expect(pki.ledger.entries).toEqual([]);
});

test("an outage ends, and calls that hang are reset at its end", async (context) => {
  const { pki, http } = await start(context, { calm: true });
  pki.down();
  await expect(http.get(`${pki.url}/health`, { bearer })).rejects.toThrow();
  pki.down("unavailable");
  await expect(http.get(`${pki.url}/health`, { bearer })).rejects.toThrow("503");
  pki.down("hang");
  const hanging = http.post(`${pki.url}/orders`, { bearer, json: { csr } });
  const outcome = expect(hanging).rejects.toThrow();
  while (pki.count("order") === 0) await new Promise((done) => setTimeout(done, 5));
  pki.up();
  await outcome;
  await http.get(`${pki.url}/health`, { bearer });
  expect(pki.ledger.entries).toEqual([]);
});

test("by default things go wrong, the same for the same seed", async (context) => {
  const statuses = async (seed: number) => {
    const { pki, order } = await start(context, { seed, misbehaviour: { latencyMs: 0 } });
    for (let turn = 0; turn < 40; turn += 1) await order({ key: `k${turn}` }).catch(() => {});
    return pki.calls.map(({ status }) => status);
  };
  const first = await statuses(7);
  expect(new Set(first).size).toBeGreaterThanOrEqual(3);
  expect(await statuses(7)).toEqual(first);
  expect(await statuses(8)).not.toEqual(first);
});
