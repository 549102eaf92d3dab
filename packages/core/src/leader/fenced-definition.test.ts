import { issued, type Signer, type SignRequest } from "@countersign/issuer-signer";
import { expect, test } from "vitest";
import { z } from "zod";
import { type AnyConnectContext, defineIssuer } from "../definition/define-issuer.ts";
import { fencedDefinition } from "./fenced-definition.ts";
import { NotLeaderError } from "./not-leader-error.ts";

/** A signer by a class, as authors write them: its methods need their `this`. */
class TestSigner implements Signer {
  readonly idempotent = true;
  readonly calls: string[] = [];

  async check(): Promise<void> {
    this.calls.push("check");
  }

  async sign() {
    this.calls.push("sign");
    return issued({ chain: "" });
  }

  async find() {
    this.calls.push("find");
    return undefined;
  }

  async close(): Promise<void> {
    this.calls.push("close");
  }
}

function fenced(connect: () => Signer) {
  const fence = {
    held: true,
    assertHeld() {
      if (!fence.held) throw new NotLeaderError();
    },
  };
  const definition = defineIssuer({
    group: "pki.example.com",
    version: "v1",
    kinds: { cluster: "Acme" },
    spec: z.object({}),
    connect,
  });
  const made = fencedDefinition(definition, fence);
  return { fence, connect: () => made.connect({} as AnyConnectContext), definition: made };
}

const request = {} as SignRequest;
const context = { operation: undefined, signal: new AbortController().signal, attemptId: "a" };

test("a holder's calls pass, with what the signer says of itself", async () => {
  const inner = new TestSigner();
  const { connect } = fenced(() => inner);
  const signer = await connect();
  await signer.check(context);
  await signer.find?.(request, context);
  expect(await signer.sign(request, context)).toMatchObject({ status: "issued" });
  await signer.close?.();
  expect(inner.calls).toEqual(["check", "find", "sign", "close"]);
  expect(signer.idempotent).toBe(true);
});

test("without the lease none of the author's code that may reach the PKI is run", async () => {
  const inner = new TestSigner();
  let connects = 0;
  const { connect, fence } = fenced(() => {
    connects += 1;
    return inner;
  });
  const signer = await connect();
  fence.held = false;
  await expect(signer.check(context)).rejects.toThrow(NotLeaderError);
  await expect(signer.find?.(request, context)).rejects.toThrow(NotLeaderError);
  await expect(signer.sign(request, context)).rejects.toThrow(NotLeaderError);
  await expect(connect()).rejects.toThrow(NotLeaderError);
  expect([inner.calls, connects]).toEqual([[], 1]);
  await signer.close?.();
  expect(inner.calls).toEqual(["close"]);
});

test("a signer that cannot find is not made to look as if it could", async () => {
  const { connect } = fenced(() => ({ check: async () => {}, sign: async () => issued({ chain: "" }) }));
  expect(Object.keys(await connect()).sort()).toEqual(["check", "idempotent", "sign"]);
});

test("the definition is otherwise the same", () => {
  const { definition } = fenced(() => new TestSigner());
  expect(definition).toMatchObject({
    group: "pki.example.com",
    version: "v1",
    kinds: [{ kind: "Acme" }],
    readsSecrets: false,
  });
  expect(definition.secrets({})).toEqual({});
});
