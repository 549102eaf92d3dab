import { inspect } from "node:util";
import {
  type ConnectContext,
  type Credentials,
  IssuerError,
  newSelfSignedCa,
  type Signer,
} from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import type { IssuerObject } from "../kube/types.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { connectIssuer } from "./connect-issuer.ts";
import { IssuerCredentials } from "./issuer-credentials.ts";

const signer: Signer = { check: async () => {}, sign: () => Promise.reject(new Error("not used")) };
const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
const notAfter = new Date("2027-05-01T00:00:00Z");
const { certificate, key } = newSelfSignedCa({
  commonName: "client",
  notBefore: new Date("2026-05-01T00:00:00Z"),
  notAfter,
});

interface ConnectedOptions {
  readonly requestsTokens?: true | undefined;
  readonly credentials?: IssuerCredentials | undefined;
}

/** A connection whose `connect` is this, and what was announced. */
async function connected(
  connect: (context: ConnectContext<unknown>) => Signer,
  secrets: Readonly<Record<string, string>> = {},
  { requestsTokens, credentials }: ConnectedOptions = { requestsTokens: true },
) {
  const announced: unknown[] = [];
  const lifecycle = new Lifecycle();
  lifecycle.on("pki:circuit", ({ endpoint, state }) => announced.push(`${endpoint} ${state}`));
  lifecycle.on("issuer:saved", ({ credentials }) => announced.push(`saved ${credentials}`));
  lifecycle.on("pki:credential", ({ credential, expiresMs }) => announced.push([credential, expiresMs]));
  const metadata = {
    name: "acme",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-05-01T00:00:00Z",
  };
  const issuer: IssuerObject = { apiVersion: "g/v1", kind: "AcmeClusterIssuer", metadata, spec: {} };
  const connection = await connectIssuer({
    definition: defineIssuer({
      group: "pki.example.com",
      version: "v1",
      kinds: { cluster: "AcmeClusterIssuer" },
      spec: z.object({}),
      requestsTokens,
      connect,
    }),
    lifecycle,
    issuer,
    version: "1",
    spec: {},
    secrets,
    configMaps: {},
    credentials,
    tokens: { request: async () => ({ token: jwt, expiresAt: 0 }) },
    userAgent: "test",
    http: {},
    bounded: (call) => call(),
  });
  return { connection, announced };
}

describe("connectIssuer", () => {
  test("announces what the signer reports from when the connection is in use until it is not", async () => {
    let reports: ConnectContext<unknown>["reports"] | undefined;
    const { connection, announced } = await connected((context) => {
      reports = context.reports;
      reports.circuit({ endpoint: "a:443", state: "closed" });
      return signer;
    });
    expect(announced).toEqual([]);
    connection.begin();
    reports?.circuit({ endpoint: "a:443", state: "open" });
    reports?.credential({ credential: "token", expiresAt: 5 });
    expect(announced.splice(0)).toEqual(["a:443 closed", "a:443 open", ["token", 5]]);
    await connection.retire();
    reports?.circuit({ endpoint: "a:443", state: "half-open" });
    expect(announced).toEqual(["a:443 undefined", ["token", undefined]]);
  });

  test("announces the end of every certificate among the Secret values, also beside its key", async () => {
    const pem = certificate.pem;
    const { connection, announced } = await connected(() => signer, {
      password: "hunter2",
      cert: pem,
      both: `${key.export({ type: "pkcs8", format: "pem" })}${pem}`,
      broken: pem.replace(/.{8}\n-----END/, "\n-----END"),
      openssl: `Certificate:\n  Data: x\n${pem}`,
    });
    connection.begin();
    expect(announced).toEqual(["cert", "both", "openssl"].map((name) => [name, notAfter.getTime()]));
  });

  test("S7: a token that the signer asked for is in none of its errors", async () => {
    const { connection } = await connected(({ serviceAccountTokens }) => ({
      ...signer,
      async check({ signal }) {
        const { token } = await serviceAccountTokens.request({ name: "a", audiences: ["b"], signal });
        throw new IssuerError(`login with ${token} refused`);
      },
    }));
    const { signal } = new AbortController();
    const failed = connection.use((each) => each.check({ signal }));
    await expect(failed).rejects.toThrow("login with [redacted] refused");
  });

  test("S7: a value that the signer saves is in none of its errors, nor in the save's own", async () => {
    const writes: string[] = [];
    const credentials = new IssuerCredentials({
      namespace: "team",
      refs: { token: { name: "acme", key: "token" } },
      saves: ["token"],
      values: { token: "first-token" },
      versions: new Map([["acme", "1"]]),
      write: async ({ data }) => {
        const value = Buffer.from(data.token ?? "", "base64").toString();
        writes.push(value);
        throw new IssuerError(`refused: ${value}`);
      },
    });
    const { connection } = await connected(
      ({ credentials }) => ({
        ...signer,
        async check({ signal }) {
          const saving = (credentials as Credentials<"token">).save({ token: "second-token" }, { signal });
          await saving.catch((error) => {
            throw new IssuerError("after first-token", { cause: error });
          });
        },
      }),
      { token: "first-token" },
      { credentials },
    );
    const { signal } = new AbortController();
    const failed = await connection.use((each) => each.check({ signal })).catch((error: unknown) => error);
    expect(writes).toEqual(["second-token"]);
    expect(inspect(failed, { depth: 9 })).not.toMatch(/(first|second)-token/);
    expect(failed).toMatchObject({ message: "after [redacted]", cause: { message: "refused: [redacted]" } });
  });

  test("announces what the signer has saved, and the end of a certificate among it", async () => {
    const credentials = new IssuerCredentials({
      namespace: "team",
      refs: { cert: { name: "acme", key: "tls.crt" } },
      saves: ["cert"],
      values: { cert: "none yet" },
      versions: new Map(),
      write: async ({ name, namespace }) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace, uid: "s", resourceVersion: "2", creationTimestamp: "" },
      }),
    });
    const { connection, announced } = await connected(
      ({ credentials }) => ({
        ...signer,
        check: ({ signal }) =>
          (credentials as Credentials<"cert">).save({ cert: certificate.pem }, { signal }),
      }),
      { cert: "none yet" },
      { credentials },
    );
    connection.begin();
    await connection.use((each) => each.check({ signal: new AbortController().signal }));
    expect(announced).toEqual(["saved cert", ["cert", notAfter.getTime()]]);
  });

  test("gives no tokens to a definition that does not say that it needs them", async () => {
    const { connection } = await connected(
      ({ serviceAccountTokens }) => ({
        ...signer,
        check: ({ signal }) => serviceAccountTokens.request({ name: "a", audiences: ["b"], signal }),
      }),
      {},
      {},
    );
    const { signal } = new AbortController();
    await expect(connection.use((each) => each.check({ signal }))).rejects.toThrow("requestsTokens");
  });

  test("names the issuer, its group included", async () => {
    let issuer: unknown;
    await connected((context) => {
      issuer = context.issuer;
      return signer;
    });
    expect(issuer).toEqual({
      group: "pki.example.com",
      kind: "AcmeClusterIssuer",
      name: "acme",
      namespace: "",
      uid: "u",
    });
  });
});
