import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { additionsAnnotation } from "./additions.ts";
import { evaluate } from "./evaluate.ts";
import { allowAll, hardeningRows } from "./hardening-fixture.ts";
import { policyOf, subjectWith } from "./request-fixture.ts";

describe("a CSR with", () => {
  it.each(hardeningRows)("%s is decided on by its signed bytes", (_what, parts, request, path) => {
    const { decision, message, policies } = evaluate([policyOf(allowAll)], subjectWith(parts, request));
    expect(policies[0]?.violations.map((each) => each.path)).toEqual(path === "" ? [] : [path]);
    expect(decision).toBe(path === "" ? "approved" : "denied");
    expect(message).toMatch(/^[\x20-\x7e]{1,1024}$/);
  });

  it("nothing but noise is denied by a policy that selects the request, and unprocessed without one", () => {
    const subject = subjectWith({}, { request: "bm9pc2U=" });
    expect(evaluate([policyOf(allowAll)], subject).message).toContain("certificate request refused");
    expect(evaluate([], subject).decision).toBe("unprocessed");
  });

  it("a weak key is denied, whatever the policy says of keys", () => {
    const key = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    expect(evaluate([policyOf(allowAll)], subjectWith({ key })).decision).toBe("denied");
  });

  it("extensions and attributes that the policy admits is approved", () => {
    const csr = { extensions: ["1.3.6.1.4.1.311.20.2"], attributes: ["1.2.840.113549.1.9.7"] };
    const policy = policyOf(allowAll, "policy", { [additionsAnnotation]: JSON.stringify({ csr }) });
    for (const [, parts, , path] of hardeningRows.filter((row) => row[3].startsWith("request.")))
      expect(evaluate([policy], subjectWith(parts)), path).toMatchObject({ decision: "approved" });
  });
});
