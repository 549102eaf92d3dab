import { describe, expect, test } from "vitest";
import { type ConnectOptions, connectTo, failureOf } from "./connect-fixture.ts";
import { caList, type FakeAnswer, FakeEjbca, html, saying } from "./fake-ejbca-fixture.ts";

const profile = "GET v2/certificate/profile/LabTLS";

describe("check", () => {
  test("asks for what needs a login, and for the profile where EJBCA tells", async () => {
    await using fake = await FakeEjbca.start();
    await using ejbca = connectTo(fake.url);
    await ejbca.check();
    expect(fake.calls.map(({ path }) => path)).toEqual([
      "v1/ca",
      "v2/certificate/profile/LabTLS",
      "v1/ca/status",
    ]);
  });

  test.each<[string, FakeAnswer, string]>([
    ["no role", caList(), "is in no role with the rule /ca/"],
    ["a CA that is offline, expired, or not for the role", caList("ManagementCA"), "offline or has expired"],
    ["a CA in another spelling", caList("labissuingca"), "another spelling"],
    ["no list", { body: {} }, "without a list of CAs"],
    ["a login page", { body: "<html>login</html>" }, "without a list of CAs"],
    ["a redirect", { status: 302, headers: { location: "https://x/" } }, "https://"],
  ])("tells of %s", async (_, answer, words) => {
    await using fake = await FakeEjbca.start();
    fake.routes["GET v1/ca"] = answer;
    await using ejbca = connectTo(fake.url);
    const error = await failureOf(ejbca.check());
    expect(error).toMatchObject({ code: "ISSUER", message: expect.stringContaining(words) });
    expect(error.message).not.toContain("ManagementCA");
  });

  test("tells of a certificate profile that does not exist", async () => {
    await using fake = await FakeEjbca.start();
    fake.routes[profile] = saying(400, "Invalid search criteria, unknown certificate profile.");
    await using ejbca = connectTo(fake.url);
    const error = await failureOf(ejbca.check());
    expect(error).toMatchObject({ code: "ISSUER", message: expect.stringContaining('profile "LabTLS"') });
  });

  test.each([html(403, "This service has been disabled."), saying(404, "RESTEASY003210"), saying(403, "x")])(
    "a profile that is not told is no fault: %j",
    async (answer) => {
      await using fake = await FakeEjbca.start();
      fake.routes[profile] = answer;
      await using ejbca = connectTo(fake.url);
      await ejbca.check();
    },
  );

  test("encodes names as one segment of a path", async () => {
    await using fake = await FakeEjbca.start();
    fake.routes["GET v2/certificate/profile/A%2FB%20%3F"] = saying(400, "unknown certificate profile");
    await using ejbca = connectTo(fake.url, { ejbca: { certificateProfileName: "A/B ?" } });
    expect((await failureOf(ejbca.check())).message).toContain('"A/B ?"');
  });
});

describe("connect", () => {
  test.each<[string, string, ConnectOptions]>([
    ["two bundles", "https://ejbca.example.com", { ejbca: { caBundle: "eA==" }, secrets: { caBundle: "x" } }],
    ["a bundle that is none", "https://ejbca.example.com", { secrets: { caBundle: "no PEM" } }],
    ["a certificate without its key", "https://ejbca.example.com", { secrets: { clientCert: "x" } }],
    ["a URL with a query", "https://ejbca.example.com/?x=1", {}],
    [
      "an existing end entity without a code",
      "https://ejbca.example.com",
      { ejbca: { mode: "existingEndEntity" } },
    ],
    [
      "two sources of codes",
      "https://ejbca.example.com",
      { ejbca: { generateEnrollmentCode: true, enrollmentCodeSecretRef: { name: "x" } } },
    ],
    ["an unsafe template", "https://ejbca.example.com", { ejbca: { endEntityName: "{commonName}" } }],
    ["a malformed template", "https://ejbca.example.com", { ejbca: { email: "{x}" } }],
  ])("refuses %s", (_, url, options) => {
    expect(() => connectTo(url, options)).toThrow(expect.objectContaining({ code: "ISSUER" }));
  });

  test.each([
    ["", "/ejbca/ejbca-rest-api/"],
    ["/", "/ejbca/ejbca-rest-api/"],
    ["/pki/api", "/pki/api/"],
    ["/pki/api/", "/pki/api/"],
  ])("finds the API at %j below the host: %s", async (path, expected) => {
    await using fake = await FakeEjbca.start();
    await using ejbca = connectTo(`${fake.url}${path}`);
    await ejbca.check().catch(() => {});
    const [first] = fake.calls;
    expect(`/ejbca/ejbca-rest-api/${first?.path}`.replace("/ejbca/ejbca-rest-api//", "/")).toBe(
      `${expected}v1/ca`,
    );
  });
});
