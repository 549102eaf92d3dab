import { expect } from "vitest";
import type { KubeObject } from "../answer.ts";
import { contractArea, contractCase } from "../contract-case.ts";
import { clusterPath } from "../paths.ts";
import { status } from "../status.ts";

const reviews = clusterPath("authentication.k8s.io/v1", "tokenreviews");

interface Claims {
  readonly aud: readonly string[];
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
  readonly "kubernetes.io": unknown;
}

function claims(request: KubeObject): Claims {
  const { token } = request.status as { token: string };
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
}

export const tokenCases = contractArea("tokens", [
  contractCase("TokenRequest signs audience, life and account into a JWT", async (t) => {
    const account = await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const request = await t.created(t.core("serviceaccounts", "a", "token"), {
      spec: { audiences: ["vault"], expirationSeconds: 600 },
    });
    expect(request).toMatchObject({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: { name: "a", namespace: t.namespace },
      spec: { audiences: ["vault"], expirationSeconds: 600 },
    });
    const token = claims(request);
    expect(token).toMatchObject({
      aud: ["vault"],
      sub: `system:serviceaccount:${t.namespace}:a`,
      "kubernetes.io": { namespace: t.namespace, serviceaccount: { name: "a", uid: account.metadata.uid } },
    });
    expect(token.exp - token.iat).toBe(600);
    expect(token.nbf).toBe(token.iat);
    const { expirationTimestamp } = request.status as { expirationTimestamp: string };
    expect(Date.parse(expirationTimestamp) / 1000).toBe(token.exp);
  }),

  contractCase("TokenRequest gives the API server's audience and an hour where none is named", async (t) => {
    await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const request = await t.created(t.core("serviceaccounts", "a", "token"), {});
    const token = claims(request);
    expect(token.aud).toEqual([token.iss]);
    expect(token.exp - token.iat).toBe(3600);
  }),

  contractCase("TokenRequest refuses a life under ten minutes", async (t) => {
    await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const answer = await t.admin.create(t.core("serviceaccounts", "a", "token"), {
      spec: { audiences: ["vault"], expirationSeconds: 599 },
    });
    const message = "Invalid value: 599: may not specify a duration less than 10 minutes";
    expect(answer.body).toEqual(
      status(
        422,
        "Invalid",
        `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: ${message}`,
        {
          group: "authentication.k8s.io",
          kind: "TokenRequest",
          causes: [{ reason: "FieldValueInvalid", message, field: "spec.expirationSeconds" }],
        },
      ),
    );
  }),

  contractCase("TokenRequest answers 404 for an account that does not exist", async (t) => {
    const answer = await t.admin.create(t.core("serviceaccounts", "a", "token"), {
      spec: { audiences: ["vault"] },
    });
    expect(answer.body).toEqual(
      status(404, "NotFound", 'serviceaccounts "a" not found', { name: "a", kind: "serviceaccounts" }),
    );
  }),

  contractCase("TokenRequest binds to a Secret that exists, and to known kinds only", async (t) => {
    await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const bind = (kind: string, name: string) =>
      t.admin.create(t.core("serviceaccounts", "a", "token"), {
        spec: { audiences: ["vault"], boundObjectRef: { apiVersion: "v1", kind, name } },
      });
    expect((await bind("Secret", "none")).body).toEqual(
      status(404, "NotFound", 'secrets "none" not found', { name: "none", kind: "secrets" }),
    );
    expect((await bind("Odd", "none")).body).toMatchObject({
      code: 400,
      message: "cannot bind token to object of type /v1, Kind=Odd",
    });
    const secret = await t.created(t.secrets(), { metadata: { name: "bound" } });
    const token = claims((await bind("Secret", "bound")).object);
    expect(token["kubernetes.io"]).toMatchObject({ secret: { name: "bound", uid: secret.metadata.uid } });
  }),

  contractCase("TokenRequest refuses a body of another kind or type", async (t) => {
    await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const path = t.core("serviceaccounts", "a", "token");
    const kind = await t.admin.create(path, { apiVersion: "v1", kind: "Other" });
    expect(kind.status).toBe(400);
    const number = await t.admin.create(path, { spec: { expirationSeconds: "x" } });
    expect(number.status).toBe(400);
  }),

  contractCase("TokenReview knows the account, its groups and the audience asked for", async (t) => {
    const account = await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const request = await t.created(t.core("serviceaccounts", "a", "token"), {
      spec: { audiences: ["vault"] },
    });
    const { token } = request.status as { token: string };
    const review = await t.created(reviews, { spec: { token, audiences: ["vault", "other"] } });
    expect(review.status).toMatchObject({
      authenticated: true,
      audiences: ["vault"],
      user: {
        username: `system:serviceaccount:${t.namespace}:a`,
        uid: account.metadata.uid,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${t.namespace}`, "system:authenticated"],
      },
    });
  }),

  contractCase("TokenReview does not accept a token of another audience", async (t) => {
    await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const request = await t.created(t.core("serviceaccounts", "a", "token"), {
      spec: { audiences: ["vault"] },
    });
    const { token } = request.status as { token: string };
    const review = await t.created(reviews, { spec: { token } });
    expect(review.status).toMatchObject({
      user: {},
      error: expect.stringContaining("is invalid for the target"),
    });
    expect(review.status).not.toHaveProperty("authenticated");
  }),

  contractCase("TokenReview does not accept what is no token", async (t) => {
    const review = await t.created(reviews, { spec: { token: "nope" } });
    expect(review.status).toEqual({ user: {}, error: "invalid bearer token" });
  }),

  contractCase("TokenReview does not accept a token with a changed claim or signature", async (t) => {
    const { token } = await t.account("a");
    const [header = "", payload = "", signature = ""] = token.split(".");
    const forged = {
      ...JSON.parse(Buffer.from(payload, "base64url").toString()),
      sub: "system:serviceaccount:x:y",
    };
    for (const bad of [
      [header, Buffer.from(JSON.stringify(forged)).toString("base64url"), signature].join("."),
      [header, payload, Buffer.alloc(256).toString("base64url")].join("."),
    ]) {
      const review = await t.admin.unrecorded.create(reviews, { spec: { token: bad } });
      expect(review.object.status).not.toHaveProperty("authenticated");
    }
  }),

  contractCase("a token of another audience does not open the API", async (t) => {
    await t.created(t.core("serviceaccounts"), { metadata: { name: "a" } });
    const request = await t.created(t.core("serviceaccounts", "a", "token"), {
      spec: { audiences: ["vault"] },
    });
    const { token } = request.status as { token: string };
    const answer = await t.admin.with({ token }).get(t.configMaps());
    expect(answer.body).toEqual(status(401, "Unauthorized", "Unauthorized"));
  }),

  contractCase("an unknown token is refused with 401", async (t) => {
    const answer = await t.admin.with({ token: "nope" }).get(t.configMaps());
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(status(401, "Unauthorized", "Unauthorized"));
  }),

  contractCase("no token makes system:anonymous, who may nothing here", async (t) => {
    const answer = await t.admin.anonymous.get(t.configMaps());
    expect(answer.body).toEqual(
      status(
        403,
        "Forbidden",
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the ' +
          `namespace "${t.namespace}"`,
        { kind: "configmaps" },
      ),
    );
  }),

  contractCase("a token dies with its account", async (t) => {
    const { client } = await t.account("a");
    await t.eventually(
      () => client.unrecorded.get(t.configMaps()),
      (answer) => answer.status === 403,
    );
    await t.admin.delete(t.core("serviceaccounts", "a"));
    await t.eventually(
      () => client.unrecorded.get(t.configMaps()),
      (answer) => answer.status === 401,
    );
  }),
]);
