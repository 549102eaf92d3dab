import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callEjbca } from "./call-ejbca.ts";
import { type Ejbca, startEjbca } from "./start-ejbca.ts";

let ejbca: Ejbca;

beforeEach(async () => {
  ejbca = await startEjbca();
});
afterEach(() => ejbca.stop());

function askForToken(form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
  return callEjbca(ejbca, {
    path: ejbca.oauth.tokenUrl,
    contentType: "application/x-www-form-urlencoded",
    headers,
    body: new URLSearchParams({ grant_type: "client_credentials", ...form }).toString(),
  });
}

const secret = { client_id: "cert-manager", client_secret: "cert-manager-secret" };

async function listWith(form: Readonly<Record<string, string>> = secret) {
  const { json } = await askForToken(form);
  return callEjbca(ejbca, { path: "/v1/ca", headers: { authorization: `Bearer ${json.access_token}` } });
}

describe("the token server beside the EJBCA simulator", () => {
  test("gives tokens that the simulator takes", async () => {
    const { status, json } = await askForToken(secret);
    expect([status, json.token_type, json.expires_in]).toEqual([200, "Bearer", 300]);
    expect((await listWith()).json.certificate_authorities).toHaveLength(8);
  });

  test("takes credentials from a header as well", async () => {
    const authorization = `Basic ${Buffer.from("issuer:issuer-secret").toString("base64")}`;
    expect((await askForToken({}, { authorization })).status).toBe(200);
    expect(ejbca.oauth.requests).toEqual([
      expect.objectContaining({ clientId: "issuer", basic: true, status: 200 }),
    ]);
  });

  test("remembers scope and audience, and gives the audience that was asked for", async () => {
    expect((await listWith({ ...secret, scope: "a b", audience: "someone-else" })).json.error_message).toBe(
      "Authentication failed using OAuth Bearer Token",
    );
    expect(ejbca.oauth.requests).toEqual([
      expect.objectContaining({ scope: "a b", audience: "someone-else" }),
    ]);
  });

  test("refuses a wrong secret, a rotated one and other grants", async () => {
    expect((await askForToken({ ...secret, client_secret: "guess" })).json).toEqual({
      error: "invalid_client",
    });
    ejbca.oauth.clients.set("cert-manager", "rotated");
    expect((await askForToken(secret)).status).toBe(401);
    expect((await askForToken({ ...secret, client_secret: "rotated" })).status).toBe(200);
    const other = await askForToken({ ...secret, client_secret: "rotated", grant_type: "password" });
    expect(other.json).toEqual({ error: "unsupported_grant_type" });
  });

  test("tokens that have expired are told from others", async () => {
    ejbca.oauth.expiresInSeconds = -10;
    const { status, json } = await listWith();
    expect([status, json.error_message]).toEqual([
      403,
      "Authentication failed using OAuth Bearer Token. JWT token has expired.",
    ]);
  });

  test("can be out of order", async () => {
    ejbca.oauth.failWith = 503;
    expect((await askForToken(secret)).status).toBe(503);
    ejbca.oauth.failWith = undefined;
    expect((await askForToken(secret)).status).toBe(200);
  });
});
