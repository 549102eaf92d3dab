import { describe, expect, test } from "vitest";
import { connectTo, failureOf } from "./connect-fixture.ts";
import { type FakeAnswer, FakeVault, refused } from "./fake-vault-fixture.ts";

const sign = "POST pki/sign/web";
const role = "GET pki/roles/web";

/** The error of one request whose sign call is answered so. */
async function errorOf(answer: FakeAnswer, { withRole = false } = {}) {
  await using fake = await FakeVault.start();
  fake.routes[sign] = answer;
  fake.routes[role] = withRole
    ? {
        body: {
          data: {
            allowed_domains: ["example.com", "example.org"],
            allow_subdomains: true,
            allow_bare_domains: false,
            allow_ip_sans: false,
            require_cn: true,
            key_type: "rsa",
            key_bits: 2048,
          },
        },
      }
    : refused(403, "1 error occurred:\n\t* permission denied\n\n");
  await using vault = connectTo(fake.url);
  const error = await failureOf(
    vault.sign({ commonName: "www.example.net", dnsNames: ["www.example.net"], emails: ["a@example.net"] }),
  );
  return { error, fake, host: fake.host };
}

describe("what a role refuses is the request's fault", () => {
  test.each([
    [
      "common name www.example.net not allowed by this role",
      'the common name "www.example.net"',
      "allowed_domains",
    ],
    [
      "subject alternate name www.example.net not allowed by this role",
      '"www.example.net"',
      "allow_subdomains",
    ],
    ["email address a@example.net not allowed by this role", '"a@example.net"', "allowed_domains"],
    [
      "IP Subject Alternative Names are not allowed in this role, but was provided some via CSR",
      "IP",
      "allow_ip_sans",
    ],
    [
      "URI Subject Alternative Names are not allowed in this role, but were provided via CSR",
      "URIs",
      "allowed_uri_sans",
    ],
    ["other SAN OID 1.3.6.1 not allowed by this role", "other names", "allowed_other_sans"],
    ["serial_number 12 not allowed by this role", "serial number", "allowed_serial_numbers"],
    ["user_id x is not allowed by this role", "user id", "allowed_user_ids"],
    [
      'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, unless "require_cn" is set to false',
      "common name",
      "require_cn=false",
    ],
    ["role requires keys of type rsa", "kind or size of key", "key_type"],
    ["role requires a minimum of a 4096-bit key, but CSR's key is 2048 bits", "size of key", "key_type"],
    ["Vault requires a minimum of a 2048-bit key, but CSR's key is 1024 bits", "size of key", "key_type"],
    ["csr contains no data", "cannot read the request", "another kind of key"],
    ["certificate request could not be parsed: asn1: structure error", "cannot read", "another kind"],
    ["idna: disallowed rune U+005F", "no DNS name", "enforce_hostnames"],
    ["something new not allowed by this role", "something in the request", "audit log"],
  ])("%s", async (text, problem, remedy) => {
    const { error, host } = await errorOf(refused(400, text));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain(`Vault at ${host} answered 400: the role web`);
    expect(error.message).toContain(problem);
    expect(error.message).toContain(remedy);
    expect(error.message).not.toMatch(/\n/);
    expect(Buffer.byteLength(error.message)).toBeLessThan(1024);
  });

  test("shows what the role says where it may be read", async () => {
    const { error } = await errorOf(refused(400, "common name www.example.net not allowed by this role"), {
      withRole: true,
    });
    expect(error.message).toContain(
      "It has allowed_domains=[example.com example.org], allow_subdomains=true, allow_bare_domains=false.",
    );
    const key = await errorOf(refused(400, "role requires keys of type rsa"), { withRole: true });
    expect(key.error.message).toContain('It has key_type=rsa, key_bits=2048. Set key_type to "any"');
  });

  test("repeats no name that the request does not have: it may come from whoever chose the URL", async () => {
    const { error } = await errorOf(refused(400, "common name s.secret-token not allowed by this role"));
    expect(error.message).toContain("does not allow the common name.");
    expect(error.message).not.toContain("secret");
  });
});

describe("what is wrong with the issuer waits for the issuer", () => {
  test.each([
    [400, "unknown role: web", "no role web at pki"],
    [
      400,
      "Either ttl or not_after should be provided. Both should not be provided in the same request.",
      "not_after",
    ],
    [400, "Client sent an HTTP request to an HTTPS server.", "https://"],
    [403, "1 error occurred:\n\t* permission denied\n\n", '"update" on pki/sign/web'],
    [403, "permission denied", "token of the Secret has expired"],
    [
      403,
      "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
      "token of the Secret has expired",
    ],
    [404, 'no handler for route "pki/sign/web". route entry not found.', "nothing is mounted"],
    [404, "1 error occurred:\n\t* unsupported path\n\n", "no such path"],
    [404, "namespace not found", "namespace does not exist"],
    [405, "1 error occurred:\n\t* unsupported operation\n\n", "no such path"],
    [
      500,
      "1 error occurred:\n\t* could not fetch the CA certificate (was one set?): no default issuer currently configured",
      "no CA that may sign",
    ],
    [
      500,
      "1 error occurred:\n\t* could not fetch the CA certificate (was one set?): unable to find PKI issuer for reference: x",
      "no CA that may sign",
    ],
    [
      500,
      "error fetching CA certificate: unable to fetch corresponding key for issuer 1; unable to use this issuer for signing",
      "no CA that may sign",
    ],
  ])("%i %s", async (status, text, words) => {
    const { error } = await errorOf(refused(status, text));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain(words);
  });
});

describe("what passes is tried again", () => {
  test.each([
    // Nothing can have been issued by who says so.
    [429, 'request path "pki/sign/web": rate limit quota exceeded', true, "rate limit"],
    [412, "required index state not present", true, "not yet seen"],
    [472, "", true, "disaster recovery"],
    [474, "", true, "standby"],
    [501, "", true, "not initialised"],
    [503, "Vault is sealed", true, "unseal"],
    [530, "", true, "removed"],
    [500, "local node not active but active cluster node not found", true, "no active server"],
    [
      400,
      "cannot satisfy request, as TTL would result in notAfter of 2027-01-01T00:00:00Z that is beyond the expiration of the CA certificate at 2026-12-01T00:00:00Z",
      true,
      "outlive the CA",
    ],
    [400, "words that nobody knows", true, "not known here"],
    [413, "too large", true, "not known here"],
    // It may have been.
    [503, "", false, "sealed or stopping"],
    [500, "context deadline exceeded", false, "log"],
    [502, "<html>Bad Gateway</html>", false, "502"],
    [504, "", false, "504"],
  ])("%i %s (issued nothing: %j)", async (status, text, issuedNothing, words) => {
    const { error } = await errorOf(refused(status, text));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing });
    expect(error.message).toContain(words);
    expect(error.message).not.toContain("html");
  });

  test("waits as long as Retry-After says, and a second where a quota names no time", async () => {
    const { error } = await errorOf({ ...refused(429, "quota"), headers: { "retry-after": "7" } });
    expect(error).toMatchObject({ retryAfterMs: 7_000 });
    expect((await errorOf(refused(429, "quota"))).error).toMatchObject({ retryAfterMs: 1_000 });
  });

  test("does not take a quota for a server that is down", async () => {
    await using fake = await FakeVault.start();
    fake.routes[sign] = refused(429, "rate limit quota exceeded");
    await using vault = connectTo(fake.url);
    for (let calls = 1; calls <= 8; calls += 1) {
      await failureOf(vault.sign());
      expect(fake.count(sign)).toBe(calls);
    }
  });

  test("reads plain text in place of JSON", async () => {
    const { error } = await errorOf({
      status: 400,
      body: "Client sent an HTTP request to an HTTPS server.\n",
    });
    expect(error).toMatchObject({ code: "ISSUER" });
  });
});
