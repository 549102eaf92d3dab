import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  buildCertificate,
  deterministicSerial,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
} from "@countersign/issuer-core";

interface Order {
  readonly id: string;
  readonly csr: string;
  /** Looks until the certificate is there: an order is never issued in the answer that takes it. */
  pollsLeft: number;
}

/** A running tiny PKI. */
export interface PkiServer extends AsyncDisposable {
  readonly url: string;
  /** PEM of the root. */
  readonly caPem: string;
  /** Orders taken, repeats not counted: the ledger that tests look at. */
  readonly orders: number;
}

const maxBodyBytes = 64 * 1024;
const lifetimeMs = 90 * 24 * 3_600_000;

async function readJson(request: IncomingMessage): Promise<unknown> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > maxBodyBytes) throw new Error("body too large");
  }
  return JSON.parse(body);
}

/**
 * A company's PKI as it might be: bearer token, orders that are taken at once and issued later, and an idempotency key.
 * For trying the issuer; its CA lives in memory.
 */
export async function startPkiServer({
  token,
  polls = 1,
}: {
  readonly token: string;
  readonly polls?: number;
}): Promise<PkiServer> {
  const ca = newSelfSignedCa({
    commonName: "Acme Root CA",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 10 * lifetimeMs),
  });
  const signer = softwareCaSigner(ca.key);
  const orders = new Map<string, Order>();

  async function answer(order: Order) {
    const blank = { id: order.id, pem: "", reason: "" };
    if (order.pollsLeft > 0) return { ...blank, state: "pending" };
    try {
      const csr = parseCsr(order.csr);
      const certificate = await buildCertificate({
        csr,
        caCertificate: ca.certificate,
        signer,
        serial: deterministicSerial(order.id),
        notBefore: new Date(),
        notAfter: new Date(Date.now() + lifetimeMs),
        isCA: false,
        usages: [...(csr.keyUsage ?? []), ...(csr.extendedKeyUsage ?? [])],
      });
      return { ...blank, state: "issued", pem: certificate.pem + ca.certificate.pem };
    } catch (error) {
      return { ...blank, state: "rejected", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async function route(request: IncomingMessage): Promise<{ status: number; json: unknown }> {
    if (request.headers.authorization !== `Bearer ${token}`)
      return { status: 401, json: { error: "wrong token" } };
    const { method, url = "" } = request;
    if (method === "GET" && url === "/health") return { status: 200, json: { ok: true } };
    if (method === "POST" && url === "/orders") {
      const body = await readJson(request);
      if (typeof body !== "object" || body === null)
        return { status: 400, json: { error: "expected an object" } };
      const { csr, key } = body as { csr?: unknown; key?: unknown };
      if (typeof csr !== "string" || typeof key !== "string")
        return { status: 400, json: { error: "expected csr and key" } };
      const order = orders.get(key) ?? { id: key, csr, pollsLeft: polls };
      orders.set(key, order);
      return { status: 200, json: await answer(order) };
    }
    const order = method === "GET" ? orders.get(url.replace("/orders/", "")) : undefined;
    if (order === undefined) return { status: 404, json: { error: "no such order" } };
    order.pollsLeft -= 1;
    return { status: 200, json: await answer(order) };
  }

  const server: Server = createServer((request, response) => {
    route(request)
      .catch(() => ({ status: 400, json: { error: "expected JSON" } }))
      .then(({ status, json }) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
      });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: ca.certificate.pem,
    get orders() {
      return orders.size;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
