import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ejbca, startEjbca } from "../../../../test/rigs/ejbca/start-ejbca.ts";
import { failureOf } from "../connect-fixture.ts";
import { byOAuth, connectSimulator, type SimulatorOptions } from "./connect-simulator.ts";

describe("rights at the simulator", () => {
  let ejbca: Ejbca;
  let rules: readonly string[];
  beforeAll(async () => {
    ejbca = await startEjbca();
    rules = [...ejbca.role("issuer").rules];
  });
  beforeEach(() => {
    ejbca.role("issuer").rules.clear();
    for (const rule of rules) ejbca.role("issuer").rules.add(rule);
  });
  afterAll(() => ejbca.stop());

  /** What the check says first, else what a request says. */
  async function problem(options: SimulatorOptions = {}) {
    await using signer = connectSimulator(ejbca, options);
    return await failureOf(signer.check().then(() => signer.sign({ uid: crypto.randomUUID() })));
  }

  test.each([
    ["/administrator/", "/administrator/"],
    ["/ca/LabIssuingCA/", "no CA"],
    ["/ca_functionality/create_certificate/", "lacks /ca_functionality/create_certificate/"],
    ["/ra_functionality/create_end_entity/", "create_end_entity"],
    ["/endentityprofilesrules/LabEEP-OneCA/create_end_entity/", "create_end_entity"],
  ])("without %s the message names it", async (rule, words) => {
    ejbca.role("issuer").rules.delete(rule);
    const error = await problem();
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain(words);
  });

  test.each(["/ra_functionality/edit_end_entity/", "/endentityprofilesrules/LabEEP-OneCA/edit_end_entity/"])(
    "without %s a renewal under the same name fails, and the message names it",
    async (rule) => {
      ejbca.role("issuer").rules.delete(rule);
      await using signer = connectSimulator(ejbca, { ejbca: { endEntityName: "{namespace}.{name}" } });
      await signer.sign({ name: rule });
      expect((await failureOf(signer.sign({ name: rule }))).message).toContain("edit_end_entity");
    },
  );

  test.each<[string, () => SimulatorOptions, string, string]>([
    ["a certificate in no role", () => ({ client: "norole" }), "ISSUER", "is in no role"],
    ["a revoked certificate", () => ({ client: "revoked" }), "ISSUER", "was revoked"],
    ["a proxy that ends TLS", () => ({ url: ejbca.proxyUrl }), "ISSUER", "did not arrive"],
    ["a token whose subject is in no role", () => byOAuth(ejbca, "stranger"), "ISSUER", "is in no role"],
    [
      "a wrong client secret",
      () => byOAuth(ejbca, "issuer", "guess"),
      "ISSUER",
      "Correct the issuer's Secret",
    ],
    ["a wrong audience", () => withAudience(ejbca, "other"), "ISSUER", "OAuth provider"],
    [
      "a CA that is unknown",
      () => ({ ejbca: { certificateAuthorityName: "NoSuchCA" } }),
      "ISSUER",
      'does not list the CA "NoSuchCA"',
    ],
    [
      "a CA in another case",
      () => ({ ejbca: { certificateAuthorityName: "labissuingca" } }),
      "ISSUER",
      "another spelling",
    ],
    [
      "a CA's DN in place of its name",
      () => ({ ejbca: { certificateAuthorityName: "CN=LabIssuingCA,O=EJBCA Lab,C=SE" } }),
      "ISSUER",
      "its name is another one",
    ],
    [
      "a certificate profile that is unknown",
      () => ({ ejbca: { certificateProfileName: "labtls" } }),
      "ISSUER",
      'no certificate profile "labtls"',
    ],
    [
      "an end entity profile that is unknown",
      () => ({ ejbca: { endEntityProfileName: "NoSuchEEP" } }),
      "ISSUER",
      "no end entity profile",
    ],
    [
      "a profile that wants approvals",
      () => ({
        client: "superadmin",
        ejbca: { certificateProfileName: "LabTLS-Approval", endEntityProfileName: "LabEEP-Password" },
      }),
      "ISSUER",
      "approvals",
    ],
    [
      "a wrong path",
      () => ({ url: `${new URL(ejbca.url).origin}/ejbca` }),
      "RETRYABLE",
      "path of the issuer's URL is wrong",
    ],
    ["plain http", () => ({ url: `${ejbca.plainUrl}/ejbca/ejbca-rest-api` }), "ISSUER", "https://"],
  ])("%s", async (_, options, code, words) => {
    const error = await problem(options());
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(words);
  });

  test("a token counts as expired however new it is", async () => {
    ejbca.oauth.expiresInSeconds = -60;
    const error = await problem(byOAuth(ejbca));
    ejbca.oauth.expiresInSeconds = 300;
    expect(error).toMatchObject({ code: "ISSUER", message: expect.stringContaining("clocks") });
  });

  test("the protocol is off", async () => {
    const on = [...ejbca.protocols];
    ejbca.protocols.clear();
    const error = await problem();
    for (const name of on) ejbca.protocols.add(name);
    expect(error).toMatchObject({
      code: "ISSUER",
      message: expect.stringContaining("REST protocol is disabled"),
    });
  });

  test("one's own protocol is enough: the second version's is not needed", async () => {
    ejbca.protocols.delete("REST Certificate Management V2");
    await using signer = connectSimulator(ejbca);
    await signer.check();
    await signer.sign();
    ejbca.protocols.add("REST Certificate Management V2");
  });

  test.each([
    ["offline", "ISSUER", "offline or has expired"],
    ["token", "RETRYABLE", "crypto token is off"],
  ])("the CA is %s", async (what, code, words) => {
    const ca = ejbca.authority("LabIssuingCA");
    if (what === "offline") ca.offline = true;
    else ca.tokenOffline = true;
    const error = await problem();
    ca.offline = false;
    ca.tokenOffline = false;
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

function withAudience(ejbca: Ejbca, audience: string): SimulatorOptions {
  return byOAuth(ejbca, "issuer", "issuer-secret", { audience });
}
