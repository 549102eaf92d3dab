import { createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type KubeApi, startKubeApi } from "../start-kube-api.ts";
import { APPLY_PATCH, call, MERGE_PATCH } from "../testing-client.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const MAPS = "/api/v1/namespaces/default/configmaps";

/** Lets the service account `bot` of namespace default do what the rules say, in that namespace. */
async function grant(api: KubeApi, ...rules: readonly object[]): Promise<string> {
  await call(api, "POST", `${RBAC}/namespaces/default/roles`, { metadata: { name: "bot" }, rules });
  const subjects = [{ kind: "ServiceAccount", name: "bot" }];
  const roleRef = { kind: "Role", name: "bot" };
  await call(api, "POST", `${RBAC}/namespaces/default/rolebindings`, {
    metadata: { name: "bot" },
    roleRef,
    subjects,
  });
  return api.token({ namespace: "default", name: "bot" });
}

describe("RBAC", () => {
  test("opens exactly what a role names, and says what was refused as the server does", async () => {
    await using api = await startKubeApi();
    const token = await grant(api, { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "get"] });
    expect((await call(api, "POST", MAPS, { metadata: { name: "a" } }, { token })).code).toBe(201);
    expect((await call(api, "GET", `${MAPS}/a`, undefined, { token })).code).toBe(200);
    expect((await call(api, "DELETE", `${MAPS}/a`, undefined, { token })).body).toMatchObject({
      code: 403,
      message:
        'configmaps "a" is forbidden: User "system:serviceaccount:default:bot" cannot delete resource "configmaps" in API group "" in the namespace "default"',
      details: { name: "a", kind: "configmaps" },
    });
    expect((await call(api, "GET", "/api/v1/configmaps", undefined, { token })).body.message).toMatch(
      /at the cluster scope$/,
    );
    expect(
      (
        await call(
          api,
          "POST",
          "/api/v1/namespaces/kube-system/configmaps",
          { metadata: { name: "a" } },
          { token },
        )
      ).code,
    ).toBe(403);
  });

  test("takes effect, and ends, with the objects that grant it", async () => {
    await using api = await startKubeApi();
    const token = await grant(api, { apiGroups: [""], resources: ["*"], verbs: ["*"] });
    expect((await call(api, "GET", MAPS, undefined, { token })).code).toBe(200);
    await call(api, "DELETE", `${RBAC}/namespaces/default/rolebindings/bot`);
    expect((await call(api, "GET", MAPS, undefined, { token })).code).toBe(403);
  });

  test("asks for create beside patch when an apply would create", async () => {
    await using api = await startKubeApi();
    const token = await grant(api, { apiGroups: [""], resources: ["configmaps"], verbs: ["patch"] });
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "v" } };
    const apply = () => call(api, "PATCH", `${MAPS}/a?fieldManager=bot`, map, { token, type: APPLY_PATCH });
    expect((await apply()).code).toBe(403);
    await call(api, "POST", MAPS, { metadata: { name: "a" } });
    expect((await apply()).code).toBe(200);
  });

  test("is answered for others by SubjectAccessReview from the same rules", async () => {
    await using api = await startKubeApi();
    await grant(api, {
      apiGroups: ["cert-manager.io"],
      resources: ["signers"],
      verbs: ["approve"],
      resourceNames: ["issuers.example.com/*"],
    });
    const ask = async (name: string) => {
      const resourceAttributes = {
        namespace: "default",
        group: "cert-manager.io",
        resource: "signers",
        verb: "approve",
        name,
      };
      const spec = { user: "system:serviceaccount:default:bot", resourceAttributes };
      return (await call(api, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec })).body
        .status;
    };
    expect(await ask("issuers.example.com/*")).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "bot/default" of Role "bot" to ServiceAccount "bot/default"',
    });
    expect(await ask("issuers.example.com/one")).toEqual({ allowed: false });
  });

  test("lets an admin act as somebody else", async () => {
    await using api = await startKubeApi();
    const headers = { authorization: `Bearer ${api.adminToken}`, "impersonate-user": "jane" };
    const response = await fetch(`${api.url}${MAPS}`, { headers });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('User "jane"') });
  });
});

describe("tokens", () => {
  test("are JWTs that the published key verifies, with audience, subject and expiry", async () => {
    const now = new Date("2030-01-01T00:00:00Z");
    await using api = await startKubeApi({ clock: () => now });
    await call(api, "POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "bot" } });
    const path = "/api/v1/namespaces/default/serviceaccounts/bot/token";
    const { body } = await call(api, "POST", path, {
      spec: { audiences: ["vault"], expirationSeconds: 600 },
    });
    expect(body.status.expirationTimestamp).toBe("2030-01-01T00:10:00Z");
    const [header = "", payload = "", signature = ""] = body.status.token.split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({
      aud: ["vault"],
      sub: "system:serviceaccount:default:bot",
      exp: now.getTime() / 1000 + 600,
    });
    const { body: keys } = await call(api, "GET", "/openid/v1/jwks");
    const key = {
      key: createPublicKey({ key: keys.keys[0], format: "jwk" }),
      dsaEncoding: "ieee-p1363",
    } as const;
    expect(
      verify("sha256", Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url")),
    ).toBe(true);
  });

  test("expire by the server's clock", async () => {
    let now = new Date("2030-01-01T00:00:00Z");
    await using api = await startKubeApi({ clock: () => now });
    const token = api.token({ namespace: "default", name: "bot" });
    expect((await call(api, "GET", "/api", undefined, { token })).code).toBe(200);
    now = new Date("2030-01-03T00:00:00Z");
    expect((await call(api, "GET", "/api", undefined, { token })).code).toBe(401);
  });

  test("of another audience do not open this API", async () => {
    await using api = await startKubeApi();
    await call(api, "POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "bot" } });
    const path = "/api/v1/namespaces/default/serviceaccounts/bot/token";
    const { body } = await call(api, "POST", path, { spec: { audiences: ["vault"] } });
    expect((await call(api, "GET", "/api", undefined, { token: body.status.token })).code).toBe(401);
  });

  test("may stand in the path, for clients that send none over plain HTTP", async () => {
    await using api = await startKubeApi();
    expect((await fetch(`${api.url}/bearer/${api.adminToken}/api/v1/secrets`)).status).toBe(200);
    expect((await fetch(`${api.url}/bearer/wrong/api/v1/secrets`)).status).toBe(401);
    expect(api.requests.some(({ uri }) => uri.includes(api.adminToken))).toBe(false);
    expect(api.kubeconfigYaml()).toContain(`${api.url}/bearer/${api.adminToken}`);
  });
});

test("the request log names who did what to which object, and how it went", async () => {
  await using api = await startKubeApi();
  const token = api.token({ namespace: "default", name: "bot" });
  await call(api, "PATCH", "/api/v1/namespaces/default/status", {}, { token, type: MERGE_PATCH });
  expect(api.requests).toMatchObject([
    {
      user: "system:serviceaccount:default:bot",
      verb: "patch",
      group: "",
      resource: "namespaces",
      subresource: "status",
      name: "default",
      code: 403,
    },
  ]);
});
