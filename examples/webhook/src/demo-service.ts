import { randomUUID } from "node:crypto";
import { issueFromCa, newSelfSignedCa, type Signer, softwareCaSigner } from "@countersign/issuer-core";
import type { DemoIssuer } from "@countersign/issuer-testing";
import {
  type Authenticate,
  HttpProblem,
  ServedSigner,
  SignService,
  startSignServer,
} from "@countersign/issuer-webhook/server";

/** A CA in memory, as a signer. */
function demoSigner(): Signer {
  const day = 86_400_000;
  const ca = newSelfSignedCa({
    commonName: "Countersign Demo CA",
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 365 * day),
  });
  const signer = softwareCaSigner(ca.key);
  return {
    idempotent: true,
    check: async () => {},
    sign: (request, { attemptId }) =>
      issueFromCa({ request, attemptId, caChain: [ca.certificate], signer, now: new Date() }),
  };
}

/** One caller, by one token: a way to log in of one's own. */
function byToken(token: string): Authenticate {
  return async ({ headers }) => {
    if (headers.authorization === `Bearer ${token}`)
      return { id: "demo", username: "demo", groups: [], namespace: "", method: "token" };
    throw new HttpProblem({ status: 401, code: "unauthenticated", message: "This is not the token." });
  };
}

/** A `/sign` service on loopback, and an issuer that asks it. */
export async function startDemoService(): Promise<DemoIssuer> {
  const token = randomUUID();
  const served = new ServedSigner(demoSigner());
  const service = new SignService({ signer: served, authenticate: byToken(token) });
  const server = await startSignServer({ service, port: 0, host: "127.0.0.1" });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    spec: {
      webhook: { url, healthPath: "/health", auth: { tokenSecretRef: { name: "sign-token" } } },
    },
    secrets: { "sign-token": { token } },
    notes: [`started a service with a CA of its own at ${url}/sign`],
    async [Symbol.asyncDispose]() {
      await server.stop(0);
      await served.close();
    },
  };
}
