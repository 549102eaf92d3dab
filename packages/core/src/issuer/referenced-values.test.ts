import { IssuerError } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { type ReferencedValuesOptions, referencedValues } from "./referenced-values.ts";

function holder(name: string, data: Readonly<Record<string, string>>, resourceVersion = "1") {
  const metadata = { name, uid: `u-${name}`, resourceVersion, creationTimestamp: "2026-05-01T00:00:00Z" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

function valuesOf(refs: ReferencedValuesOptions["refs"], holders: readonly ReturnType<typeof holder>[]) {
  const asked: string[] = [];
  const values = referencedValues({
    kind: "ConfigMap",
    namespace: "team",
    refs,
    read: async (names) => {
      asked.push(...names);
      return new Map(holders.map((each) => [each.metadata.name, each]));
    },
  });
  return { asked, values };
}

describe("referencedValues", () => {
  test("takes the text of a ConfigMap as it is, and asks for each object once", async () => {
    const refs = { ca: { name: "trust", key: "ca.crt" }, crl: { name: "trust", key: "crl" } };
    const { asked, values } = valuesOf(refs, [holder("trust", { "ca.crt": "PEM", crl: "CRL" }, "7")]);
    expect(await values).toEqual({
      values: { ca: "PEM", crl: "CRL" },
      version: "u-trust@7",
      versions: new Map([["trust", "7"]]),
    });
    expect(asked).toEqual(["trust"]);
  });

  test("decodes a Secret's", async () => {
    const refs = { token: { name: "s", key: "token" } };
    const secret = holder("s", { token: Buffer.from("häkchen ✓").toString("base64") });
    const read = async () => new Map([["s", secret]]);
    const { values } = await referencedValues({ kind: "Secret", namespace: "team", refs, read });
    expect(values).toEqual({ token: "häkchen ✓" });
  });

  /** Windows-1252 for "häkchen", as a keytab is no text either. */
  const latin = Buffer.from([0x68, 0xe4, 0x6b, 0x63, 0x68, 0x65, 0x6e]);

  test("gives a Secret's bytes as they are where the reference asks for bytes", async () => {
    const refs = { keytab: { name: "s", key: "keytab", bytes: true } } as const;
    const read = async () => new Map([["s", holder("s", { keytab: latin.toString("base64") })]]);
    const { values } = await referencedValues({ kind: "Secret", namespace: "team", refs, read });
    expect(values).toEqual({ keytab: latin });
  });

  test("refuses what is no text, and shows nothing of it", async () => {
    const refs = { token: { name: "s", key: "token" } };
    const read = async () => new Map([["s", holder("s", { token: latin.toString("base64") })]]);
    await expect(referencedValues({ kind: "Secret", namespace: "team", refs, read })).rejects.toThrow(
      new IssuerError('The value of key "token" in Secret team/s is not UTF-8 text. Store it as text.'),
    );
    const map = { ...holder("s", {}), binaryData: { token: latin.toString("base64") } };
    await expect(valuesOf(refs, [map]).values).rejects.toThrow(
      new IssuerError('The value of key "token" in ConfigMap team/s is not UTF-8 text. Store it as text.'),
    );
  });

  test("leaves out an optional key that is not there, or empty, but wants its object", async () => {
    const refs = { token: { name: "s", key: "token", optional: true } } as const;
    expect((await valuesOf(refs, [holder("s", {})]).values).values).toEqual({});
    expect((await valuesOf(refs, [holder("s", { token: "" })]).values).values).toEqual({});
    expect((await valuesOf(refs, [holder("s", { token: "t" })]).values).values).toEqual({ token: "t" });
    await expect(valuesOf(refs, []).values).rejects.toThrow("ConfigMap team/s not found");
  });

  test.each([
    [[], 'ConfigMap team/trust not found. Create it with the key "ca.crt".'],
    [[holder("trust", {})], 'ConfigMap team/trust has no key "ca.crt". Add it.'],
    [[holder("trust", { "ca.crt": "" })], 'ConfigMap team/trust has no key "ca.crt". Add it.'],
  ])("names the object and the key that is missing: %#", async (holders, message) => {
    const { values } = valuesOf({ ca: { name: "trust", key: "ca.crt" } }, holders);
    await expect(values).rejects.toThrow(new IssuerError(message));
  });
});
