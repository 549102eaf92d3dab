import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** An answer of the PKI. */
export interface PkiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly json: unknown;
}

/** How an answer is sent. */
export type Delivery = "whole" | "slow" | "half";

const pieces = 8;
const pieceDelayMs = 15;

/** Options of {@link deliver}. */
export interface DeliverOptions {
  readonly delivery: Delivery;
  /** Awaited between the two halves of an answer that is not slow. */
  readonly between?: (() => Promise<void>) | undefined;
}

/** Sends the answer; resolves when it has been handed to the system. Of a half answer the other half never comes. */
export async function deliver(
  response: ServerResponse,
  { status, headers, json }: PkiAnswer,
  { delivery, between }: DeliverOptions,
): Promise<void> {
  const body = Buffer.from(JSON.stringify(json));
  response.writeHead(status, {
    ...headers,
    "content-type": "application/json",
    "content-length": String(body.length),
  });
  if (delivery === "slow") return drip(response, body);
  const half = body.length >> 1;
  if (delivery === "half" || between !== undefined) {
    await new Promise<void>((done) => response.write(body.subarray(0, half), () => done()));
    await between?.();
    if (delivery === "half") response.socket?.resetAndDestroy();
    else response.end(body.subarray(half));
  } else {
    response.end(body);
  }
}

async function drip(response: ServerResponse, body: Buffer): Promise<void> {
  const size = Math.ceil(body.length / pieces);
  for (let at = 0; at < body.length && !response.destroyed; at += size) {
    response.write(body.subarray(at, at + size));
    await delay(pieceDelayMs);
  }
  response.end();
}
