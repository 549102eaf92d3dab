import { signRequestFor } from "@countersign/issuer-signer/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultEndEntityName, EndEntityNames } from "./end-entity-name.ts";

const certificate = (name: string) => ({ "cert-manager.io/certificate-name": name });

describe("the end entity's name", () => {
  test.each([
    [defaultEndEntityName, {}, "team.web-1.u-1"],
    ["{namespace}.{certificate}", {}, "team.web"],
    ["k8s-{namespace}.{commonName|dns|uri|ip|certificate}", {}, "k8s-team.a.example.com"],
    ["{uid}", {}, "u-1"],
    ["one", {}, "one"],
    ["{namespace}.{ip}", { ipAddresses: ["10.0.0.1"] }, "team.10.0.0.1"],
    ["{namespace}.{email}", { emails: ["a@example.com"] }, "team.a@example.com"],
    ["{namespace}.{dns}", { dnsNames: ["*.example.com"] }, "team.*.example.com"],
    ["{namespace}.{name}", { namespace: "" }, "_.web-1"],
  ])("%s with %j is %s", async (template, more, expected) => {
    const request = await signRequestFor({
      ...{ namespace: "team", name: "web-1", uid: "u-1", dnsNames: ["a.example.com"] },
      annotations: certificate("web"),
      ...more,
    });
    expect(new EndEntityNames(template, false).nameFor(request)).toBe(expected);
  });

  test("keeps names apart that differ only in what EJBCA would replace", async () => {
    const names = new EndEntityNames("{namespace}.{uri}", false);
    const nameFor = async (uri: string) =>
      names.nameFor(await signRequestFor({ namespace: "team", uris: [uri] }));
    const [a, b] = [await nameFor("spiffe://x/a?b"), await nameFor("spiffe://x/a=b")];
    expect(a).toMatch(/^team\.spiffe:\/\/x\/a_b-[0-9a-f]{16}$/);
    expect(b).toMatch(/^team\.spiffe:\/\/x\/a_b-[0-9a-f]{16}$/);
    expect(a).not.toBe(b);
    expect(await nameFor("spiffe://x/a?b")).toBe(a);
  });

  test("is cut to what EJBCA's column holds, and still another's one is another", async () => {
    const names = new EndEntityNames("{namespace}.{name}.{uid}", false);
    const long = "n".repeat(253);
    const nameFor = async (uid: string) => names.nameFor(await signRequestFor({ name: long, uid }));
    const [a, b] = [await nameFor("1"), await nameFor("2")];
    expect([a.length, b.length]).toEqual([250, 250]);
    expect(a).not.toBe(b);
  });

  test("whatever a request says, has nothing that EJBCA rewrites", async () => {
    const names = new EndEntityNames("{namespace}.{certificate}", false);
    const request = await signRequestFor({ namespace: "team" });
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300, unit: "binary" }), (text) => {
        const name = names.nameFor({ ...request, annotations: certificate(text) });
        expect(name).toMatch(/^team\.[A-Za-z0-9._@:*/-]+$/);
        expect(name.length).toBeLessThanOrEqual(250);
      }),
    );
  });

  test("fails a request without a value, and says what to add", async () => {
    const names = new EndEntityNames("{namespace}.{commonName|uri}", false);
    const request = await signRequestFor();
    expect(() => names.nameFor(request)).toThrow(expect.objectContaining({ code: "REQUEST_REJECTED" }));
    expect(() => names.nameFor(request)).toThrow("{namespace}.{commonName|uri}");
  });

  test("knows which templates give each request an end entity of its own", () => {
    const isUnique = (template: string) => new EndEntityNames(template, true).isUniquePerRequest;
    expect([defaultEndEntityName, "x-{uid}"].map(isUnique)).toEqual([true, true]);
    expect(["{namespace}.{name}", "{uid|name}", "one"].map(isUnique)).toEqual([false, false, false]);
  });
});

describe("a template", () => {
  test.each([
    "{commonName}",
    "{certificate}",
    "web-{dns}",
    "{namespace}{name}",
    "{namespace}-{name}",
    "{namespace}a{name}",
    "{name}.{namespace}",
    "{namespace|name}.{dns}",
    "{dns}.{uid|name}",
  ])("%s would let requesters name another's end entity, and is refused unless allowed", (template) => {
    expect(() => new EndEntityNames(template, false)).toThrow(
      expect.objectContaining({ code: "ISSUER", message: expect.stringContaining("overwrite") }),
    );
    expect(new EndEntityNames(template, true)).toBeDefined();
  });

  test.each(["{nope}", "{", "}", "a{b", "{uid", "{}", "{constructor}", "{uid}}", "a;b", " {uid}", "{uid}?"])(
    "%s is malformed, or would be rewritten",
    (template) => {
      expect(() => new EndEntityNames(template, true)).toThrow(expect.objectContaining({ code: "ISSUER" }));
    },
  );

  test("in two namespaces never gives one name", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const names = new EndEntityNames("{namespace}.{certificate}", false);
    const base = signRequestFor();
    return fc.assert(
      fc.asyncProperty(label, label, fc.string(), fc.string(), async (one, two, a, b) => {
        fc.pre(one !== two && a !== "" && b !== "");
        const request = await base;
        const nameFor = (namespace: string, name: string) =>
          names.nameFor({ ...request, namespace, annotations: certificate(name) });
        expect(nameFor(one, a)).not.toBe(nameFor(two, b));
      }),
    );
  });
});
