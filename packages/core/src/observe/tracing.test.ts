import { AsyncLocalStorage } from "node:async_hooks";
import { IssuerError, issued, pending, type Signer, type SignRequest } from "@countersign/issuer-signer";
import {
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  type Span,
  trace,
} from "@opentelemetry/api";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyConnectContext, defineIssuer } from "../definition/define-issuer.ts";
import { tracedDefinition } from "./traced-definition.ts";
import { noTrace, openTelemetryTrace } from "./tracing.ts";

/** One span as the host application's tracer was told of it. */
interface Told {
  readonly name: string;
  readonly attributes: unknown;
  readonly parent: string | undefined;
  status?: unknown;
  ended: number;
}

/** Registers a tracer of the host application that notes what it is told. */
function registerTracer(): Told[] {
  const told: Told[] = [];
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...args) => storage.run(active, () => work.call(self as never, ...args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
  const names = new WeakMap<Span, string>();
  const start = (name: string, options: { attributes?: unknown } = {}, at = context.active()) => {
    const above = trace.getSpan(at);
    const entry: Told = { name, attributes: options.attributes, parent: above && names.get(above), ended: 0 };
    told.push(entry);
    // The parts of a span that are used here.
    const span = {
      setStatus(status: unknown) {
        entry.status = status;
        return span;
      },
      end() {
        entry.ended += 1;
      },
    } as unknown as Span;
    names.set(span, name);
    return span;
  };
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: start,
      startActiveSpan(name: string, options: object, work: (span: Span) => unknown) {
        const span = start(name, options);
        return context.with(trace.setSpan(context.active(), span), () => work(span));
      },
    }),
  } as never);
  return told;
}

afterEach(() => {
  trace.disable();
  context.disable();
});

describe("tracing", () => {
  test("is off, and loads nothing, where the application has registered no OpenTelemetry", async () => {
    const key = Symbol.for("opentelemetry.js.api.1");
    const all = globalThis as Record<symbol, unknown>;
    const before = all[key];
    delete all[key];
    try {
      expect(await openTelemetryTrace()).toBe(noTrace);
      expect(await noTrace("x", {}, async () => 5)).toBe(5);
    } finally {
      if (before !== undefined) all[key] = before;
    }
  });

  test("nests spans, passes results on and ends every span once", async () => {
    const told = registerTracer();
    const span = await openTelemetryTrace();
    const result = await span("reconcile", { a: "1" }, () => span("sign", { b: "2" }, async () => 7));
    expect(result).toBe(7);
    expect(told).toEqual([
      { name: "reconcile", attributes: { a: "1" }, parent: undefined, ended: 1 },
      { name: "sign", attributes: { b: "2" }, parent: "reconcile", ended: 1 },
    ]);
  });

  test("S7: tells an error by its code and passes the error itself on", async () => {
    const told = registerTracer();
    const span = await openTelemetryTrace();
    const error = new IssuerError("login with hunter2 failed");
    await expect(span("sign", {}, () => Promise.reject(error))).rejects.toBe(error);
    expect(told).toMatchObject([{ ended: 1, status: { code: 2, message: "ISSUER" } }]);
    expect(JSON.stringify(told)).not.toContain("hunter2");
  });

  test("puts a span around each call of a signer, named by issuer, request and attempt", async () => {
    const told = registerTracer();
    const signer: Signer<undefined> = {
      check: async () => {},
      sign: async () => issued({ chain: "c" }),
      find: async () => pending({ operation: undefined }),
      close: async () => {},
    };
    const definition = defineIssuer({
      group: "pki.example.com",
      version: "v1",
      kinds: { namespaced: "Acme" },
      spec: z.object({}),
      connect: () => signer,
    });
    expect(tracedDefinition(definition, noTrace)).toBe(definition);
    const traced = tracedDefinition(definition, await openTelemetryTrace());
    const issuer = { group: "g.example.com", kind: "Acme", namespace: "team", name: "acme", uid: "u" };
    const connected = await traced.connect({ issuer } as AnyConnectContext);
    const request = { namespace: "team", name: "web-1", uid: "uid-1" } as SignRequest;
    const { signal } = new AbortController();
    const call = { signal, operation: undefined, attemptId: "attempt-1" };
    await connected.check({ signal });
    expect(await connected.sign(request, call)).toEqual(issued({ chain: "c" }));
    expect(await connected.find?.(request, call)).toMatchObject({ status: "pending" });
    await connected.close?.();
    const of = { "countersign.issuer": "Acme/team/acme" };
    const asked = {
      ...of,
      "countersign.request": "team/web-1",
      "countersign.request.uid": "uid-1",
      "countersign.attempt": "attempt-1",
    };
    expect(told.map(({ name, attributes }) => [name, attributes])).toEqual([
      ["countersign connect", of],
      ["countersign check", of],
      ["countersign sign", asked],
      ["countersign find", asked],
    ]);
  });
});
