import { describe, expect, test } from "vitest";
import { type Begin, poll } from "./certificate-case.ts";
import { secretType } from "./kube-objects.ts";
import { opensslVerdict } from "./openssl-fixture.ts";

/** Cases of a Certificate that has been issued once. */
export function readyCases(begin: Begin): void {
  describe("a Ready Certificate", () => {
    test("is renewed at two thirds of the certificate's life, with a new key", async (context) => {
      const it = begin(context, "renewed");
      it.issuer.on(it.name, (request, nth) => it.pki.issue(request, nth === 0 ? { seconds: 6 } : {}));
      await it.create();
      const first = await it.ready();
      const second = await it.ready({ revision: 2 });
      expect(second["tls.crt"]).not.toBe(first["tls.crt"]);
      expect(second["tls.key"]).not.toBe(first["tls.key"]);
      expect((await opensslVerdict(second)).keyMatches).toBe(true);
    });

    test("keeps only its newest request", async (context) => {
      const it = begin(context, "history");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create();
      await it.ready();
      await it.change({ dnsNames: ["second.example.com"] });
      await it.ready({ revision: 2 });
      await it.expect.poll(() => it.request(1), poll).toBeUndefined();
      expect(await it.request(2)).toBeDefined();
    });

    test("is issued anew for what its spec says now, keeping the key where the policy is Never", async (context) => {
      const it = begin(context, "changed");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({ privateKey: { algorithm: "ECDSA", rotationPolicy: "Never" } });
      const first = await it.ready();
      await it.change({ dnsNames: ["changed.example.org"] });
      const second = await it.ready({ revision: 2 });
      expect((await opensslVerdict(second)).text).toContain("DNS:changed.example.org");
      expect(second["tls.key"]).toBe(first["tls.key"]);
    });

    test("is issued again when somebody sets Issuing, as `cmctl renew` does", async (context) => {
      const it = begin(context, "triggered");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create();
      const first = await it.ready();
      await it.trigger();
      expect((await it.ready({ revision: 2 }))["tls.crt"]).not.toBe(first["tls.crt"]);
    });

    test("is issued again when its Secret is deleted", async (context) => {
      const it = begin(context, "deleted");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create();
      const first = await it.ready();
      const secret = await it.secret();
      if (secret !== undefined) await it.kube.delete(secretType, secret);
      expect((await it.ready({ revision: 2 }))["tls.crt"]).not.toBe(first["tls.crt"]);
    });

    test("loses ca.crt when the issuer gives no CA any more", async (context) => {
      const it = begin(context, "no-ca");
      it.issuer.on(it.name, async (request, nth) => {
        const { ca, ...status } = (await it.pki.issue(request)) as { readonly ca: string };
        return nth === 0 ? { ...status, ca } : status;
      });
      await it.create();
      expect((await it.ready())["ca.crt"]).toBe(it.pki.caPem);
      await it.change({ dnsNames: ["no-ca.example.org"] });
      expect((await it.ready({ revision: 2 }))["ca.crt"]).toBeUndefined();
    });
  });
}
