import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildCsr } from "./build-csr.ts";
import { newPrivateKey } from "./ca-certificate.ts";
import { parseCsr } from "./certification-request.ts";
import { contextTag, readDer } from "./der-reader.ts";
import { der, derSequence } from "./der-writer.ts";
import { readName } from "./distinguished-name.ts";
import { encodeName } from "./encode-name.ts";
import { noNames } from "./general-names.ts";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";
import { nameConstraintViolations, readNameConstraints } from "./name-constraints.ts";
import { Refusal } from "./refusal.ts";
import { generalName } from "./request-fixture.ts";
import { uriProblem } from "./uri.ts";

const key = newPrivateKey({ name: "Ed25519" });

describe("names through a request that pkijs encodes", () => {
  it("come back as they went in", async () => {
    const subject = [
      { type: "O", value: "Ünïcode, Inc." },
      { type: "C", value: "DE" },
      { type: "DC", value: "example" },
      { type: "1.2.3.4", value: "x" },
    ];
    const names = {
      dnsNames: ["a.b"],
      ipAddresses: ["10.0.0.1", "fe80::1"],
      uris: ["urn:x:y"],
      emails: ["a@b.c"],
    };
    const csr = parseCsr(await buildCsr({ key, commonName: "host", subject, ...names }));
    expect(csr.subject).toBe("1.2.3.4=#130178,DC=example,C=DE,O=Ünïcode\\, Inc.,CN=host");
    expect(csr.names).toEqual({
      dns: ["a.b"],
      ip: ["10.0.0.1", "fe80::1"],
      uri: ["urn:x:y"],
      email: ["a@b.c"],
      other: [],
    });
    expect(csr.sanCritical).toBe(false);
  });

  it("make the SAN critical where there is no subject", async () => {
    expect(parseCsr(await buildCsr({ key, dnsNames: ["a.b"] })).sanCritical).toBe(true);
  });

  it("may be given as an encoded Name", async () => {
    const subjectDer = encodeName([
      { type: "OU", value: "x" },
      { type: "CN", value: "y" },
    ]);
    expect(parseCsr(await buildCsr({ key, subjectDer })).subjectDer).toEqual(subjectDer);
  });

  it("are refused where they are no IP address or no attribute", async () => {
    await expect(buildCsr({ key, ipAddresses: ["10.0.0.0/8"] })).rejects.toThrow(TypeError);
    await expect(buildCsr({ key, subject: [{ type: "FOO", value: "x" }] })).rejects.toThrow(TypeError);
  });
});

describe("a distinguished name for people", () => {
  it("never has control or format characters, whatever the value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (value) => {
        const { text } = readNameOrSkip(value);
        expect(text).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
      }),
      { numRuns: 2000 },
    );
  });

  it("escapes what would forge another attribute or a line", () => {
    expect(readNameOrSkip("a,O=b\n+c").text).toBe("CN=a\\,O\\=b\\0a\\+c");
    expect(readNameOrSkip(" #x ").text).toBe("CN=\\ #x\\ ");
  });
});

function readNameOrSkip(value: string): { text: string } {
  try {
    return readName(readDer(encodeName([{ type: "CN", value }]), "it"), "it");
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    return { text: "" };
  }
}

describe("an IP address", () => {
  it.each([
    ["10.0.0.1", "0a000001"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["2001:db8::1", "20010db8000000000000000000000001"],
    ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
    ["2001:0:0:1::1", "20010000000000010000000000000001"],
    ["fe80::", "fe800000000000000000000000000000"],
    ["::ffff:10.0.0.1", "00000000000000000000ffff0a000001"],
  ])("is written %s", (text, hex) => {
    expect(formatIpAddress(Buffer.from(hex, "hex"))).toBe(text);
    expect(Buffer.from(parseIpAddress(text) ?? []).toString("hex")).toBe(hex);
  });

  it("survives writing and reading", () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
        .map((a) => Uint8Array.from(a)),
    );
    fc.assert(
      fc.property(octets, (address) => {
        expect(parseIpAddress(formatIpAddress(address))).toEqual(address);
      }),
    );
  });

  it.each(["", "x", "10.0.0", "1:2", "fe80::1%eth0", "10.0.0.1/8"])("is not %j", (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });
});

describe("a URI", () => {
  it.each([
    "spiffe://td.example/ns/a/sa/b",
    "https://u:p@a.b:443/x?y#z",
    "urn:uuid:1",
    "ldap://[2001:db8::7]/c=GB?o",
    "mailto:a@b.c",
    "file:///x",
    "https://a/%20",
  ])("may be %s", (uri) => {
    expect(uriProblem(uri)).toBeUndefined();
  });

  it.each([
    "",
    "x",
    ":x",
    "1a:x",
    "a:",
    "https://a b",
    "https://a/%2",
    "https://a:b",
    "https://[::1",
    "https://[zz]/",
    "https://a..b/",
    "https://a./",
    "https://u^@a/",
    "https://a%41/",
    "a:<b>",
  ])("may not be %j", (uri) => {
    expect(uriProblem(uri)).toBeDefined();
  });
});

describe("name constraints", () => {
  const subtrees = (...bases: readonly Uint8Array[]): Uint8Array =>
    Buffer.concat(bases.map((base) => derSequence(base)));
  const constraints = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []) =>
    readNameConstraints(
      derSequence(
        ...(permitted.length > 0 ? [der(contextTag(0, true), subtrees(...permitted))] : []),
        ...(excluded.length > 0 ? [der(contextTag(1, true), subtrees(...excluded))] : []),
      ),
      "request",
    );
  const [dns, email, uri, ip] = [2, 1, 6, 7].map(
    (tag) => (base: string | Uint8Array) => generalName(tag, base),
  );
  const range = (...octets: readonly number[]): Uint8Array => Uint8Array.from(octets);

  it.each([
    ["the domain itself", [dns?.("example.com")], { dns: ["example.com"] }, []],
    ["a subdomain", [dns?.("example.com")], { dns: ["A.EXAMPLE.com."] }, []],
    [
      "another domain with the same end",
      [dns?.("example.com")],
      { dns: ["badexample.com"] },
      ["dns badexample.com"],
    ],
    ["other forms of name", [dns?.("example.com")], { ip: ["10.0.0.1"], email: ["a@b.c"] }, []],
    ["an address in the range", [ip?.(range(10, 0, 0, 0, 255, 0, 0, 0))], { ip: ["10.9.9.9"] }, []],
    [
      "an address outside the range",
      [ip?.(range(10, 0, 0, 0, 255, 0, 0, 0))],
      { ip: ["11.0.0.1", "::1"] },
      ["ip 11.0.0.1", "ip ::1"],
    ],
    ["a mailbox", [email?.("a@b.c")], { email: ["A@b.c", "x@b.c"] }, ["email x@b.c"]],
    ["the host of a mailbox", [email?.("b.c")], { email: ["a@b.c", "a@x.b.c"] }, ["email a@x.b.c"]],
    ["subdomains of a mailbox's host", [email?.(".b.c")], { email: ["a@b.c", "a@x.b.c"] }, ["email a@b.c"]],
    [
      "the host of a URI",
      [uri?.("b.c")],
      { uri: ["https://b.c:1/x", "https://x.b.c/"] },
      ["uri https://x.b.c/"],
    ],
  ] as const)("permit by %s", (_name, permitted, names, violations) => {
    const bases = permitted.flatMap((base) => (base === undefined ? [] : [base]));
    expect(nameConstraintViolations(constraints(bases), { ...noNames, ...names })).toEqual(violations);
  });

  it("exclude before they permit", () => {
    const both = constraints([generalName(2, "example.com")], [generalName(2, "secret.example.com")]);
    const names = { ...noNames, dns: ["a.example.com", "a.secret.example.com"] };
    expect(nameConstraintViolations(both, names)).toEqual(["dns a.secret.example.com"]);
  });

  it("hold a common name that looks like a DNS name, where no DNS name is given", () => {
    const only = constraints([generalName(2, "example.com")]);
    expect(nameConstraintViolations(only, noNames, "evil.org")).toEqual(["dns evil.org"]);
    expect(nameConstraintViolations(only, { ...noNames, dns: ["a.example.com"] }, "evil.org")).toEqual([]);
    expect(nameConstraintViolations(only, noNames, "Jane Doe")).toEqual([]);
  });

  it("are refused with a broken mask, a minimum, or a form that is not supported", () => {
    expect(() => constraints([generalName(7, range(10, 0, 0, 0, 255, 0, 255, 0))])).toThrow(/IP range/);
    const withMinimum = derSequence(
      der(contextTag(0, true), derSequence(generalName(2, "a"), generalName(0, range(1)))),
    );
    expect(() => readNameConstraints(withMinimum, "request")).toThrow(/subtree/);
    const directory = derSequence(
      der(contextTag(0, true), derSequence(der(contextTag(4, true), derSequence()))),
    );
    expect(() => readNameConstraints(directory, "request")).toThrow(/not supported/);
    expect(readNameConstraints(directory, "certificate")).toEqual({ permitted: [], excluded: [] });
  });
});
