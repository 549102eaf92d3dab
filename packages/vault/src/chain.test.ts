import { newPrivateKey, orderChain, type X509 } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { chainFromLeaf } from "./chain.ts";
import { type FakeCa, fakeIntermediate, fakeRoot, fakeSign } from "./fake-pki-fixture.ts";

const root = fakeRoot();
let intermediate: FakeCa;
let leaf: X509;

beforeAll(async () => {
  intermediate = await fakeIntermediate(root);
  const { parsedCsr } = await signRequestFor();
  leaf = await fakeSign(intermediate, { csr: parsedCsr });
});

/** What core would write to tls.crt and ca.crt. */
function written(path: readonly X509[]) {
  const { chain, ca } = orderChain(path);
  return [chain.map(({ commonName, subject }) => commonName ?? subject), ca?.commonName];
}

describe("chainFromLeaf", () => {
  test("writes what the built-in issuer writes for a root and an intermediate, in any order", () => {
    for (const caChain of [
      [intermediate.certificate.pem, root.certificate.pem],
      [root.certificate.pem, intermediate.certificate.pem, root.certificate.pem],
    ]) {
      const path = chainFromLeaf({ certificate: leaf.pem, caChain });
      expect(path).toHaveLength(3);
      expect(written(path)).toEqual([["", "Intermediate"], "Root"]);
    }
  });

  test("keeps an intermediate at the top, where the mount does not hold the root", () => {
    const path = chainFromLeaf({ certificate: leaf.pem, caChain: [intermediate.certificate.pem] });
    expect(written(path)).toEqual([["", "Intermediate"], "Intermediate"]);
  });

  test("takes issuing_ca where there is no ca_chain, as of a root that leaves roots out", async () => {
    const { parsedCsr } = await signRequestFor();
    const below = await fakeSign(root, { csr: parsedCsr });
    for (const caChain of [undefined, []]) {
      const path = chainFromLeaf({ certificate: below.pem, caChain, issuingCa: root.certificate.pem });
      expect(written(path)).toEqual([[""], "Root"]);
    }
  });

  test("answers a lone leaf where Vault names no CA", () => {
    expect(chainFromLeaf({ certificate: leaf.pem })).toHaveLength(1);
  });

  test("leaves out what is not on the path: a sibling, an unrelated root", async () => {
    const sibling = await fakeIntermediate(root, { commonName: "Sibling" });
    const caChain = [
      fakeRoot("Other").certificate,
      sibling.certificate,
      root.certificate,
      intermediate.certificate,
    ];
    const path = chainFromLeaf({ certificate: leaf.pem, caChain: caChain.map(({ pem }) => pem) });
    expect(written(path)).toEqual([["", "Intermediate"], "Root"]);
  });

  test("goes to the self-signed root where the CA is cross-signed, which has no single chain", async () => {
    const other = fakeRoot("Other");
    const cross = await fakeIntermediate(other, { commonName: "Root", key: root.key });
    const caChain = [intermediate, cross, root, other].map(({ certificate }) => certificate.pem);
    const path = chainFromLeaf({ certificate: leaf.pem, caChain });
    expect(written(path)).toEqual([["", "Intermediate"], "Root"]);
    expect(path.at(-1)?.isSelfSigned).toBe(true);
    const withoutRoot = caChain.filter((pem) => pem !== root.certificate.pem);
    expect(chainFromLeaf({ certificate: leaf.pem, caChain: withoutRoot }).at(-1)?.commonName).toBe("Other");
  });

  test("ends where two CAs have signed each other", async () => {
    const [a, b] = [
      newPrivateKey({ name: "EC", curve: "P-256" }),
      newPrivateKey({ name: "EC", curve: "P-256" }),
    ];
    const first = await fakeIntermediate(root, { commonName: "A", key: a });
    const second = await fakeIntermediate(first, { commonName: "B", key: b });
    const circle = await fakeIntermediate(second, { commonName: "A", key: a });
    const { parsedCsr } = await signRequestFor();
    const below = await fakeSign(circle, { csr: parsedCsr });
    const caChain = [circle.certificate.pem, second.certificate.pem];
    expect(chainFromLeaf({ certificate: below.pem, caChain })).toHaveLength(3);
  });

  test("takes a bundle in place of the certificate", () => {
    const certificate = leaf.pem + intermediate.certificate.pem + root.certificate.pem;
    expect(chainFromLeaf({ certificate })).toHaveLength(3);
  });

  test.each([
    ["", []],
    ["no PEM", []],
    [undefined, ["no PEM"]],
  ])("refuses %j with %j", (certificate, caChain) => {
    expect(() => chainFromLeaf({ certificate: certificate ?? leaf.pem, caChain })).toThrow(
      expect.objectContaining({ code: "BAD_CERTIFICATE" }),
    );
  });
});
