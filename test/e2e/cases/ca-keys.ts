import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { Openssl } from "../fixtures/openssl.ts";
import { type KeyRecipe, keyRecipes, opensslIntermediate, opensslRoot } from "../fixtures/openssl-ca.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { softwareCaIssuer } from "../identities.ts";
import { beginScene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

const blocks = (pem: string) => pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;

function recipe(name: string): KeyRecipe {
  const found = keyRecipes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no recipe makes ${name}`);
  return found;
}

/** CAs as other tools make and export them. */
export function caKeyCases(target: TargetOf): void {
  describe("a CA that openssl made", () => {
    serveIssuers(target, softwareCaIssuer);

    test.concurrent.each(keyRecipes)("signs with its key: $name", async (recipe) => {
      await using openssl = await Openssl.open();
      const ca = await opensslRoot(openssl, "key-form", recipe);
      const scene = await beginScene(
        target(),
        `key-${recipe.name.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase()}`,
      );
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Namespaced", { ...ca, root: ca.certificate });
      await scene.createRequest({ name: "one", issuerRef });
      const verdict = await opensslVerdict({ chain: (await scene.issued("one")).chain, ca: ca.certificate });
      expect(verdict.issuer).toBe("CN=key-form");
    });

    test.concurrent("below others gives its chain without the root, and the root as CA", async () => {
      await using openssl = await Openssl.open();
      const root = await opensslRoot(openssl, "root", recipe("RSA in PKCS#1"));
      const policy = await opensslIntermediate(openssl, "policy", recipe("EC in SEC1"), root);
      const issuing = await opensslIntermediate(openssl, "issuing", recipe("EC in PKCS#8"), policy);
      const scene = await beginScene(target(), "chain");
      const certificate = issuing.certificate + policy.certificate + root.certificate;
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Namespaced", {
        certificate,
        key: issuing.key,
        root: root.certificate,
      });
      await scene.createRequest({ name: "one", issuerRef });
      const issued = await scene.issued("one");
      expect(blocks(issued.chain)).toBe(3);
      expect(issued.ca?.trim()).toBe(root.certificate.trim());
      expect((await opensslVerdict(issued)).issuer).toBe("CN=issuing");
    });

    test.concurrent("below a root that its Secret lacks gives a chain that verifies against that root", async () => {
      await using openssl = await Openssl.open();
      const root = await opensslRoot(openssl, "root", recipe("EC in PKCS#8"));
      const policy = await opensslIntermediate(openssl, "policy", recipe("EC in SEC1"), root);
      const issuing = await opensslIntermediate(openssl, "issuing", recipe("RSA in PKCS#8"), policy);
      const scene = await beginScene(target(), "rootless");
      const certificate = issuing.certificate + policy.certificate;
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Namespaced", {
        certificate,
        key: issuing.key,
        root: root.certificate,
      });
      await scene.createRequest({ name: "one", issuerRef });
      const { chain } = await scene.issued("one");
      expect(blocks(chain)).toBe(3);
      expect((await opensslVerdict({ chain, ca: root.certificate })).issuer).toBe("CN=issuing");
    });
  });

  describe("a CA that cannot sign", () => {
    const ledger = serveIssuers(target, softwareCaIssuer);

    test.concurrent("because its key is another's makes the issuer not Ready, which says so", async () => {
      const [one, other] = [newTestCa("One"), newTestCa("Other")];
      const scene = await beginScene(target(), "mismatch");
      await scene.storeCa("Namespaced", "mismatch", { certificate: one.certificate, key: other.key });
      const issuerRef = await scene.createIssuer(softwareCaIssuer, "Namespaced", { secretName: "mismatch" });
      const notReady = await scene.issuerCondition(softwareCaIssuer, issuerRef, "False");
      expect(notReady?.message).toContain("the CA key and the CA certificate do not belong together");
      await scene.createRequest({ name: "waiting", issuerRef });
      const waiting = await scene.untilReason("waiting", "Pending");
      expect(findCondition(waiting, "Ready")?.message).toContain("do not belong together");
      expect(ledger.calls("mismatch", "waiting")).toBe(0);

      await scene.storeCa("Namespaced", "mismatch", one);
      await scene.issued("waiting");
      expect(ledger.calls("mismatch", "waiting")).toBe(1);
    });

    test.concurrent.each([
      ["its key is encrypted", true, /private key refused: it is encrypted/],
      ["its key is garbage", false, /private key refused/],
    ] as const)(
      "because %s makes the issuer not Ready and shows nothing of the key",
      async (what, encrypt, message) => {
        await using openssl = await Openssl.open();
        const ca = newTestCa("Unusable");
        const name = what.replaceAll(/[^a-z]+/g, "-");
        const plain = await openssl.write("plain.key", ca.key);
        const encryption = ["-v2", "aes128", "-passout", "pass:secret"];
        const key = encrypt
          ? await openssl.run("pkcs8", "-topk8", "-in", plain, ...encryption)
          : ca.key.replaceAll("M", "N");
        const scene = await beginScene(target(), name);
        await scene.storeCa("Namespaced", name, { certificate: ca.certificate, key });
        const issuerRef = await scene.createIssuer(softwareCaIssuer, "Namespaced", { secretName: name });
        const notReady = await scene.issuerCondition(softwareCaIssuer, issuerRef, "False");
        expect(notReady?.message).toMatch(message);
        for (const line of key.split("\n").filter((each) => each.length > 10 && !each.startsWith("-"))) {
          expect(notReady?.message).not.toContain(line);
        }
      },
    );
  });
}
