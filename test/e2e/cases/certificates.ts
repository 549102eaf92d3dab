import type { CertificateForOptions } from "@countersign/issuer-testing";
import { beforeAll, describe, expect, test } from "vitest";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { softwareCaIssuer } from "../identities.ts";
import { beginScene, type IssuerReference, type Scene, scopes } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

type Wish = Partial<CertificateForOptions>;

/** What a Certificate may ask for, and what openssl must then say of the result. */
const wishes: readonly (readonly [name: string, wish: Wish, text: readonly RegExp[]])[] = [
  ["an RSA key of 2048 bits", { privateKey: { algorithm: "RSA", size: 2048 } }, [/Public-Key: \(2048 bit\)/]],
  ["an ECDSA key on P-256", { privateKey: { algorithm: "ECDSA", size: 256 } }, [/NIST CURVE: P-256/]],
  ["an ECDSA key on P-384", { privateKey: { algorithm: "ECDSA", size: 384 } }, [/NIST CURVE: P-384/]],
  ["an ECDSA key on P-521", { privateKey: { algorithm: "ECDSA", size: 521 } }, [/NIST CURVE: P-521/]],
  ["an Ed25519 key", { privateKey: { algorithm: "Ed25519" } }, [/Public Key Algorithm: ED25519/i]],
  [
    "a CA certificate",
    { isCA: true, commonName: "sub CA", usages: ["cert sign", "crl sign", "digital signature"] },
    [/X509v3 Basic Constraints: critical\s+CA:TRUE/, /Certificate Sign, CRL Sign/],
  ],
  [
    "no CA certificate unless it is asked for",
    {},
    [/X509v3 Basic Constraints: critical\s+CA:FALSE/, /Digital Signature, Key Encipherment/],
  ],
  [
    "client and server usages",
    { usages: ["digital signature", "client auth", "server auth"] },
    [
      /TLS Web Client Authentication, TLS Web Server Authentication/,
      /Key Usage: critical\s+Digital Signature\s*\n/,
    ],
  ],
  [
    "a wildcard and its apex",
    { dnsNames: ["*.apex.example.com", "apex.example.com"] },
    [/DNS:\*\.apex\.example\.com, DNS:apex\.example\.com/],
  ],
  [
    "IP, URI and e-mail names",
    {
      ipAddresses: ["192.0.2.7", "2001:db8::7"],
      uris: ["spiffe://example.com/ns/team/sa/web"],
      emailAddresses: ["web@example.com"],
    },
    [
      /IP Address:192\.0\.2\.7, IP Address:2001:DB8:0:0:0:0:0:7/,
      /URI:spiffe:\/\/example\.com\/ns\/team\/sa\/web/,
      /email:web@example\.com/,
    ],
  ],
  ["names without a subject", { dnsNames: ["bare.example.com"] }, [/Subject Alternative Name: critical/]],
];

/** cert-manager's Certificates, signed by software-ca. */
export function certificateCases(target: TargetOf): void {
  describe("a Certificate for software-ca", () => {
    serveIssuers(target, softwareCaIssuer);
    const ca = newTestCa("Certificates CA");
    let scene: Scene;
    let issuerRef: IssuerReference;
    beforeAll(async () => {
      scene = await beginScene(target(), "certificates");
      issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", ca);
    });

    test.concurrent.each(scopes)("of a %s issuer becomes a Secret that openssl verifies", async (scope) => {
      const scene = await beginScene(target(), `certificate-${scope.toLowerCase()}`);
      const issuerRef = await scene.caIssuer(softwareCaIssuer, scope, ca);
      const secret = await scene.certificate({
        name: "web",
        issuerRef,
        commonName: "web.example.com",
        dnsNames: ["web.example.com", "www.example.com"],
        privateKey: { algorithm: "ECDSA" },
      });
      const verdict = await opensslVerdict({ chain: secret["tls.crt"], ca: ca.root, key: secret["tls.key"] });
      expect(secret["ca.crt"]).toBe(ca.root);
      expect(verdict.publicKey).toBe(verdict.publicKeyOfKey);
      expect(verdict.subject).toBe("CN=web.example.com");
      expect(verdict.issuer).toBe("CN=Certificates CA");
      expect(verdict.text).toContain("DNS:web.example.com, DNS:www.example.com");
      expect(verdict.lifetimeSeconds).toBe(90 * 86_400);
    });

    test.concurrent.each(wishes)("can be for %s", async (name, wish, texts) => {
      const secret = await scene.certificate({
        name: name.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase(),
        issuerRef,
        privateKey: { algorithm: "ECDSA" },
        ...wish,
      });
      const verdict = await opensslVerdict({ chain: secret["tls.crt"], ca: ca.root, key: secret["tls.key"] });
      expect(verdict.publicKey).toBe(verdict.publicKeyOfKey);
      for (const text of texts) expect(verdict.text).toMatch(text);
    });

    test.concurrent("lasts as long as it asks for, to the second", async () => {
      const secret = await scene.certificate({
        name: "lasting",
        issuerRef,
        duration: "896h30m0s",
        privateKey: { algorithm: "ECDSA" },
      });
      const verdict = await opensslVerdict({ chain: secret["tls.crt"], ca: ca.root });
      expect(verdict.lifetimeSeconds).toBe(896.5 * 3600);
    });

    test.concurrent("shows APPROVED and READY to kubectl", async ({ skip }) => {
      const { kubectl } = target();
      if (kubectl === undefined) return skip("this machine has no kubectl");
      await scene.certificate({ name: "shown", issuerRef, privateKey: { algorithm: "ECDSA" } });
      const [head, row] = (await kubectl("get", "certificaterequest", "-n", scene.namespace, "shown-1"))
        .trim()
        .split("\n")
        .map((line) => line.split(/\s{2,}/));
      const column = (title: string) => row?.[head?.indexOf(title) ?? -1];
      expect(head?.slice(0, 4)).toEqual(["NAME", "APPROVED", "DENIED", "READY"]);
      expect(row?.[0]).toBe("shown-1");
      expect(column("APPROVED")).toBe("True");
      // DENIED is empty, so what kubectl pads with spaces shifts by one column.
      expect(row?.slice(1, 3)).toEqual(["True", "True"]);
      expect(row?.join(" ")).toContain(issuerRef.name);
    });
  });
}
