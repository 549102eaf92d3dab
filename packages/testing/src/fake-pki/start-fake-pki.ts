/**
 * A PKI with an HTTP API that **misbehaves by default**: a simulator for tests of issuers, of no vendor's product. It is
 * slow, throttles, resets connections before and after it has issued, lets orders wait, and answers with certificates
 * that nobody should accept. What it has issued is in its ledger.
 *
 * | call | |
 * |---|---|
 * | `GET /health` | 200 while it is up and the token is good |
 * | `POST /orders` | takes `{ csr, key?, durationSeconds?, isCA?, usages? }`, answers an order |
 * | `GET /orders/ID` | the order: `{ id, state, pem, ca, reason }`, state `pending`, `issued` or `rejected` |
 * | `GET /orders?key=KEY` | the latest order with that key, or 404 |
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { SignerError } from "@countersign/issuer-signer";
import { type Authority, newAuthority } from "./authority.ts";
import { badCertificates } from "./bad-certificates.ts";
import { type Delivery, deliver, type PkiAnswer } from "./deliver.ts";
import { badDay, calm, type Misbehaviour, misbehaviour } from "./misbehaviour.ts";
import { type Order, OrderBook, type OrderRequest } from "./order-book.ts";
import { lastSegment, type PkiCall, type PkiRoute, readCall } from "./pki-call.ts";
import { PkiLedger } from "./pki-ledger.ts";
import { readOrder } from "./read-order.ts";
import { seededRandom } from "./seeded-random.ts";

/** A moment in the life of a call at which a test may act: before the certificate is made, after it, within the answer. */
export type PkiPoint = "received" | "committed" | "halfAnswered";

/** How a PKI is away: resets every connection, takes calls and never answers, or answers 503. */
export type PkiOutage = "reset" | "hang" | "unavailable";

/** Options of {@link startFakePki}. */
export interface FakePkiOptions {
  /** Seed of all that is random, so that a run can be repeated; 1 unless given. */
  readonly seed?: number | undefined;
  /** True: nothing goes wrong, but for what `misbehaviour` says. */
  readonly calm?: boolean | undefined;
  /** What is to differ from a bad day, or from a calm one. */
  readonly misbehaviour?: Partial<Misbehaviour> | undefined;
  /** Whether an order whose key is known is not taken a second time; true unless given. */
  readonly idempotencyKeys?: boolean | undefined;
  /** Whether orders can be sought by their key; true unless given. Otherwise the search answers 501. */
  readonly lookup?: boolean | undefined;
  /** The ledger is also appended to this file, one line of JSON for each certificate. */
  readonly ledgerFile?: string | undefined;
  /** The first bearer token that is accepted. */
  readonly token?: string | undefined;
  /** Awaited at every {@link PkiPoint}. */
  readonly at?: ((point: PkiPoint, call: PkiCall) => void | Promise<void>) | undefined;
  /** Name of one of {@link badCertificates} to answer with; undefined for the certificate that was issued. */
  readonly badAnswer?: ((order: Order) => string | undefined) | undefined;
  /** Why the PKI refuses the order for good; undefined where it does not. */
  readonly reject?: ((csr: string) => string | undefined) | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** A running fake PKI. */
export interface FakePki extends AsyncDisposable {
  readonly url: string;
  /** PEM of the root. */
  readonly caPem: string;
  /** Bearer tokens that are accepted: change the set to rotate them. */
  readonly tokens: Set<string>;
  readonly ledger: PkiLedger;
  /** Every call so far, in order. */
  readonly calls: readonly PkiCall[];
  /** How many calls there were of a kind. */
  count(route: PkiRoute): number;
  /** Changes how it misbehaves, from the next call on. */
  misbehave(change: Partial<Misbehaviour>): void;
  /** From now on nothing goes wrong. */
  calmDown(): void;
  /** Goes away until {@link up}; `reset` unless told otherwise. Calls under way are reset, but for those that hang. */
  down(how?: PkiOutage): void;
  /** Comes back. Calls that hang are reset. */
  up(): void;
  /** Goes away for so many milliseconds. */
  outage(ms: number, how?: PkiOutage): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a fake PKI on 127.0.0.1. */
export async function startFakePki(options: FakePkiOptions = {}): Promise<FakePki> {
  const { clock = () => new Date(), token = "fake-pki-token" } = options;
  const authority = await newAuthority(clock());
  const foreign = await newAuthority(clock());
  const ledger = new PkiLedger(options.ledgerFile);
  const calls: PkiCall[] = [];
  const tokens = new Set([token]);
  const random = seededRandom(options.seed ?? 1);
  let behaviour = misbehaviour(options.calm === true ? calm : badDay, options.misbehaviour ?? {});
  let away: PkiOutage | undefined;
  const book = new OrderBook({ authority, ledger, clock, idempotencyKeys: options.idempotencyKeys ?? true });

  const chance = (probability: number) => probability > 0 && random() < probability;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = readCall(request, Date.now());
    calls.push(call);
    const reset = () => void request.socket.resetAndDestroy();
    if (away === "hang") return;
    if (away === "reset") return reset();
    if (behaviour.latencyMs > 0) await delay(random() * behaviour.latencyMs);
    const order = call.route === "order" ? await readOrder(request, call.caller) : undefined;
    call.key ??= order?.key;
    const refusal = away === "unavailable" ? answer(503) : refuse(call, behaviour, chance);
    if (refusal !== undefined) return send(call, response, refusal, "whole");
    if (chance(behaviour.resetBefore)) return reset();
    const result = await handle(request, call, order);
    if (call.route === "order") await options.at?.("committed", call);
    if (response.destroyed) return;
    if (call.route !== "check" && chance(behaviour.resetAfter)) return reset();
    const half = call.route !== "check" && chance(behaviour.halfAnswer);
    await send(call, response, result, half ? "half" : chance(behaviour.slowBody) ? "slow" : "whole");
  }

  async function send(call: PkiCall, response: ServerResponse, result: PkiAnswer, delivery: Delivery) {
    const { at } = options;
    const between = at && call.route === "order" ? async () => at("halfAnswered", call) : undefined;
    await deliver(response, result, { delivery, between });
    call.status = delivery === "half" ? 0 : result.status;
  }

  async function handle(
    request: IncomingMessage,
    call: PkiCall,
    wanted: OrderRequest | undefined,
  ): Promise<PkiAnswer> {
    if (!tokens.has(call.token)) return answer(401);
    switch (call.route) {
      case "check":
        return { status: 200, json: { ok: true } };
      case "order": {
        if (wanted === undefined) return answer(400);
        await options.at?.("received", call);
        const refused = options.reject?.(wanted.csr);
        if (refused !== undefined) return orderAnswer("", "rejected", { reason: refused });
        const looks = chance(behaviour.pending) ? 1 + Math.floor(random() * 3) : 0;
        const order = await book.take(wanted, looks).catch((error: unknown) => {
          if (error instanceof SignerError) return error;
          throw error;
        });
        return order instanceof SignerError
          ? orderAnswer("", "rejected", { reason: order.message })
          : show(order);
      }
      case "look": {
        const order = book.get(lastSegment(request));
        if (order === undefined) return answer(404);
        call.key = order.key;
        order.looksLeft = Math.max(0, order.looksLeft - 1);
        return show(order);
      }
      case "find": {
        if (options.lookup === false) return answer(501);
        const order = call.key === undefined ? undefined : book.find(call.key);
        return order === undefined ? answer(404) : show(order);
      }
      case "other":
        return answer(404);
    }
  }

  async function show(order: Order): Promise<PkiAnswer> {
    if (order.looksLeft > 0) return orderAnswer(order.id, "pending", {});
    const names = Object.keys(badCertificates);
    const any = chance(behaviour.badCertificate) ? names[Math.floor(random() * names.length)] : undefined;
    const name = options.badAnswer?.(order) ?? any;
    if (name === undefined) return orderAnswer(order.id, "issued", { pem: goodChain(authority, order) });
    const make = badCertificates[name];
    if (make === undefined) throw new TypeError(`Expected a name of \`badCertificates\`, got \`${name}\``);
    const { csr, leaf } = order;
    const bad = await make({ authority, foreign, csr, leaf, now: clock() });
    return orderAnswer(order.id, "issued", typeof bad === "string" ? { pem: bad } : bad);
  }

  const server = createServer((request, response) => {
    // A client that has gone is no trouble of the PKI's.
    response.on("error", () => {});
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", done);
  });
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  const pki: FakePki = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: authority.root.certificate.pem,
    tokens,
    ledger,
    calls,
    count: (route) => calls.filter((call) => call.route === route).length,
    misbehave(change) {
      behaviour = misbehaviour(behaviour, change);
    },
    calmDown() {
      behaviour = calm;
    },
    down(how = "reset") {
      away = how;
      if (how === "reset") server.closeAllConnections();
    },
    up() {
      if (away === "hang") server.closeAllConnections();
      away = undefined;
    },
    async outage(ms, how) {
      pki.down(how);
      await delay(ms);
      pki.up();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return pki;
}

function refuse(
  { route }: PkiCall,
  { throttled, unavailable, retryAfterSeconds }: Misbehaviour,
  chance: (probability: number) => boolean,
): PkiAnswer | undefined {
  if (route === "check") return undefined;
  if (chance(throttled)) return answer(429, { "retry-after": String(retryAfterSeconds) });
  if (chance(unavailable)) return answer(503);
  return undefined;
}

function answer(status: number, headers?: Readonly<Record<string, string>>): PkiAnswer {
  return { status, headers, json: { error: status } };
}

function orderAnswer(
  id: string,
  state: "pending" | "issued" | "rejected",
  more: { readonly pem?: string; readonly ca?: string | undefined; readonly reason?: string },
): PkiAnswer {
  return { status: 200, json: { id, state, pem: "", reason: "", ...more } };
}

function goodChain({ root, intermediate }: Authority, { leaf }: Order): string {
  return leaf.pem + (leaf.isCA ? "" : intermediate.certificate.pem) + root.certificate.pem;
}
