import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { httpPkiIssuer, softwareCaIssuer } from "../identities.ts";
import type { RequestEvent } from "../request-events.ts";
import { summary, writesOf } from "../request-log.ts";
import { Requester } from "../requester.ts";
import { events } from "../resources.ts";
import { beginScene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import { type SigningRequestOptions, SigningRequests, signerName } from "../signing-requests.ts";
import type { TargetOf } from "../target.ts";
import { pkiIssuer, startPki } from "./http-pki.ts";

const durationAnnotation = "experimental.cert-manager.io/request-duration";
const isCaAnnotation = "experimental.cert-manager.io/request-is-ca";

type Wish = Partial<SigningRequestOptions>;

/** What a request may ask for, what openssl must then say of the certificate, and how many seconds it lasts. */
const wishes: readonly (readonly [what: string, wish: Wish, texts: readonly RegExp[], seconds: number])[] = [
  ["nothing but names", {}, [/X509v3 Basic Constraints: critical\s+CA:FALSE/], 90 * 86_400],
  ["a duration by expirationSeconds", { expirationSeconds: 3333 }, [], 3333],
  ["a duration by annotation", { annotations: { [durationAnnotation]: "896h" } }, [], 896 * 3600],
  [
    "a duration by both, of which the annotation counts",
    { expirationSeconds: 3333, annotations: { [durationAnnotation]: "24h0m1s" } },
    [],
    86_401,
  ],
  [
    "a CA certificate with a large duration",
    {
      usages: ["cert sign", "crl sign", "digital signature"],
      annotations: { [isCaAnnotation]: "true", [durationAnnotation]: "10000h" },
    },
    [/X509v3 Basic Constraints: critical\s+CA:TRUE/, /Digital Signature, Certificate Sign, CRL Sign/],
    10_000 * 3600,
  ],
  [
    "no CA certificate, with the annotation false",
    { annotations: { [isCaAnnotation]: "false" } },
    [/X509v3 Basic Constraints: critical\s+CA:FALSE/],
    90 * 86_400,
  ],
  [
    "usages of both extensions, by Kubernetes' words",
    { usages: ["signing", "key encipherment", "server auth", "client auth", "s/mime", "code signing"] },
    [
      /X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment\s*\n/,
      /X509v3 Extended Key Usage:\s+TLS Web Server Authentication, TLS Web Client Authentication, E-mail Protection, Code Signing\s*\n/,
    ],
    90 * 86_400,
  ],
  [
    "extended usages alone",
    { usages: ["ocsp signing", "timestamping", "any"] },
    [/X509v3 Extended Key Usage:\s+OCSP Signing, Time Stamping, Any Extended Key Usage\s*\n/],
    90 * 86_400,
  ],
];

/** Kubernetes' own kind of request. */
export function signingRequestCases(target: TargetOf): void {
  describe("a CertificateSigningRequest", () => {
    const ledger = serveIssuers(target, softwareCaIssuer, httpPkiIssuer);
    const ca = newTestCa("Signing Requests CA");
    const scope = "csr";
    const cluster = signerName(softwareCaIssuer, "Cluster", scope);
    let requests: SigningRequests;
    beforeAll(async () => {
      requests = new SigningRequests(target());
      const scene = await beginScene(target(), scope);
      await scene.caIssuer(softwareCaIssuer, "Cluster", ca);
    });

    const writes = async (name: string) =>
      writesOf(await target().log(), softwareCaIssuer)
        .filter((write) => write.name === name)
        .map(summary);

    /** When a request that came later is issued, the earlier ones have been looked at too. */
    async function laterIsIssued(name: string): Promise<void> {
      await requests.approved({ name, signerName: cluster });
      await requests.issued(name);
    }

    const conditionTypes = async (name: string) =>
      ((await requests.get(name)).status?.conditions ?? []).map(({ type }) => type);

    test.concurrent("TestSimpleCertificateSigningRequest", async () => {
      await requests.create({ name: "csr-simple", signerName: cluster });
      await requests.approve("csr-simple");
      const chain = await requests.issued("csr-simple", 10_000);
      const verdict = await opensslVerdict({ chain, ca: ca.root });
      expect(verdict.issuer).toBe("CN=Signing Requests CA");
      expect(verdict.text).toContain("DNS:csr-simple.example.com");
      expect(await conditionTypes("csr-simple")).toEqual(["Approved"]);
      expect(ledger.calls("", "csr-simple")).toBe(1);
      const all = () => target().kube.list<RequestEvent>(events, "default");
      const seen = await eventually(target().patience, "the event", all, (some) =>
        some.some(({ regarding }) => regarding.name === "csr-simple"),
      );
      expect(seen.filter(({ regarding }) => regarding.name === "csr-simple")).toMatchObject([
        {
          type: "Normal",
          reason: "Issued",
          note: "Succeeded signing the CertificateSigningRequest",
          regarding: { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest" },
        },
      ]);
      expect(await writes("csr-simple")).toEqual(["patch certificatesigningrequests/status csr-simple 200"]);
    });

    test.concurrent.each(wishes)("may ask for %s", async (what, wish, texts, seconds) => {
      const name = `csr-${what.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = await buildCsr({ key, commonName: "csr", dnsNames: ["csr.example.com"] });
      await requests.approved({ name, signerName: cluster, csr, ...wish });
      const verdict = await opensslVerdict({ chain: await requests.issued(name), ca: ca.root });
      for (const text of texts) expect(verdict.text).toMatch(text);
      expect(verdict.lifetimeSeconds).toBe(seconds);
    });

    test.concurrent("is approved and shown by kubectl, as Approved,Issued and Approved,Failed", async ({
      skip,
    }) => {
      const { kubectl } = target();
      if (kubectl === undefined) return skip("this machine has no kubectl");
      const names = ["csr-kubectl", "csr-kubectl-failed"];
      await requests.create({ name: "csr-kubectl", signerName: cluster, expirationSeconds: 7200 });
      await requests.create({
        name: "csr-kubectl-failed",
        signerName: cluster,
        annotations: { [durationAnnotation]: "a while" },
      });
      await kubectl("certificate", "approve", ...names);
      await requests.issued("csr-kubectl");
      await requests.failed("csr-kubectl-failed");
      const rows = (await kubectl("get", "csr", ...names, "--no-headers")).trim().split("\n");
      expect(
        rows.map((row) => row.split(/\s+/)).map(([name, , signer, , , shown]) => [name, signer, shown]),
      ).toEqual([
        ["csr-kubectl", cluster, "Approved,Issued"],
        ["csr-kubectl-failed", cluster, "Approved,Failed"],
      ]);
      expect(rows[0]).toContain("120m");
      expect(await kubectl("describe", "csr", "csr-kubectl-failed")).toContain("PermanentError");
    });

    test.concurrent("that nobody has approved is left alone, until somebody does", async () => {
      await requests.create({ name: "csr-unapproved", signerName: cluster });
      await requests.touch("csr-unapproved");
      await laterIsIssued("csr-unapproved-later");
      expect(await writes("csr-unapproved")).toEqual([]);
      await requests.approve("csr-unapproved");
      await requests.issued("csr-unapproved");
      expect(ledger.calls("", "csr-unapproved")).toBe(1);
    });

    test.concurrent("that is denied is never written to, since Denied says all there is to say", async () => {
      await requests.create({ name: "csr-denied", signerName: cluster });
      await requests.deny("csr-denied");
      await requests.touch("csr-denied");
      await laterIsIssued("csr-denied-later");
      expect(await conditionTypes("csr-denied")).toEqual(["Denied"]);
      expect(await writes("csr-denied")).toEqual([]);
      expect(ledger.calls("", "csr-denied")).toBe(0);
    });

    test.concurrent("that can never be signed is Failed, once, and says why", async () => {
      const wrongs = [
        ["csr-failed-word", "soon", "is not a positive Go duration such as 2160h"],
        ["csr-failed-short", "9m59s", "is less than 600 s"],
      ] as const;
      for (const [name, duration] of wrongs) {
        await requests.approved({
          name,
          signerName: cluster,
          annotations: { [durationAnnotation]: duration },
        });
      }
      for (const [name, , problem] of wrongs) {
        expect(await requests.failed(name)).toBe(
          `CertificateSigningRequest has failed permanently: the annotation ${durationAnnotation} ${problem}. Create a new request.`,
        );
        await requests.touch(name);
      }
      await laterIsIssued("csr-failed-later");
      for (const [name] of wrongs) {
        expect(await writes(name)).toEqual([`patch certificatesigningrequests/status ${name} 200`]);
        expect((await requests.get(name)).status?.certificate).toBeUndefined();
        expect(ledger.calls("", name)).toBe(0);
      }
    });

    test.concurrent("for a signer that is nobody's is never written to", async () => {
      const { group } = softwareCaIssuer.definition;
      const signers = [
        `others.${group}`,
        cluster.replace(group, `sub.${group}`).split("/")[0],
        "example.org",
      ];
      for (const [at, signer] of signers.entries())
        await requests.approved({ name: `csr-foreign-${at}`, signerName: `${signer}/${scope}` });
      await laterIsIssued("csr-foreign-later");
      for (const at of signers.keys()) expect(await writes(`csr-foreign-${at}`)).toEqual([]);
    });

    test.concurrent("may come before its issuer, and costs no write while it waits", async () => {
      const name = "csr-early";
      await requests.approved({ name, signerName: signerName(softwareCaIssuer, "Cluster", "csr-late") });
      await requests.touch(name);
      await laterIsIssued("csr-early-later");
      expect(await writes(name)).toEqual([]);
      const scene = await beginScene(target(), "csr-late");
      const late = newTestCa("Late CA");
      await scene.caIssuer(softwareCaIssuer, "Cluster", late);
      await opensslVerdict({ chain: await requests.issued(name), ca: late.root });
      expect(await writes(name)).toEqual([`patch certificatesigningrequests/status ${name} 200`]);
      expect(ledger.calls("", name)).toBe(1);
    });

    test.concurrent("keeps what the PKI calls its order until it has the certificate", async (context) => {
      const name = "csr-pending";
      const { pki, relay, orders } = await startPki(context, 2);
      const scene = await beginScene(target(), name);
      await pkiIssuer(scene, "Cluster", relay.url);
      await requests.approved({ name, signerName: signerName(httpPkiIssuer, "Cluster", name) });
      const kept = `${httpPkiIssuer.definition.group}/Attempt`;
      await eventually(
        target().patience,
        "the order kept",
        () => conditionTypes(name),
        (types) => types.includes(kept),
      );
      await opensslVerdict({ chain: await requests.issued(name), ca: pki.caPem });
      const { status } = await requests.get(name);
      expect(status?.conditions?.find(({ type }) => type === kept)).toMatchObject({
        status: "False",
        reason: "Finished",
        message: "The request is finished.",
      });
      expect(orders()).toBe(1);
    });
  });

  describe("a CertificateSigningRequest for a namespaced issuer", () => {
    const ledger = serveIssuers(target, softwareCaIssuer);
    const { group } = softwareCaIssuer.definition;

    test.concurrent.each([
      ["by name", (name: string) => [name]],
      ["by *", () => ["*"]],
    ] as const)("is signed where the requester may reference the issuer %s", async (how, names) => {
      const namespace = `csr-allowed-${how.endsWith("*") ? "all" : "one"}`;
      const ca = newTestCa("Allowed CA");
      const scene = await beginScene(target(), namespace);
      await scene.caIssuer(softwareCaIssuer, "Namespaced", ca);
      using requester = await Requester.create(target(), { namespace, name: "jane" });
      await requester.mayReference(group, ...names(namespace));
      const requests = new SigningRequests(target(), requester.kube);
      await requests.approved({
        name: namespace,
        signerName: signerName(softwareCaIssuer, "Namespaced", namespace),
      });
      await opensslVerdict({ chain: await requests.issued(namespace), ca: ca.root });
      expect(ledger.calls("", namespace)).toBe(1);
      expect((await requests.get(namespace)).spec.username).toBe(requester.user);
    });

    test.concurrent("is Failed where the requester may not, though an administrator has approved it", async () => {
      const namespace = "csr-refused";
      const scene = await beginScene(target(), namespace);
      await scene.caIssuer(softwareCaIssuer, "Namespaced", newTestCa("Refused CA"));
      using requester = await Requester.create(target(), { namespace, name: "jane" });
      await requester.mayReference(group, "another");
      const requests = new SigningRequests(target(), requester.kube);
      await requests.approved({
        name: namespace,
        signerName: signerName(softwareCaIssuer, "Namespaced", namespace),
      });
      expect(await requests.failed(namespace)).toBe(
        `CertificateSigningRequest has failed permanently: The requester may not reference the issuer ${namespace}/${namespace}. Grant the verb "reference" on signers.${group} "${namespace}" in namespace ${namespace}.`,
      );
      expect(ledger.calls("", namespace)).toBe(0);
    });

    test.concurrent("of another namespace is not its own: the right counts where the issuer is", async () => {
      const [home, away] = ["csr-home", "csr-away"];
      for (const namespace of [home, away]) {
        const scene = await beginScene(target(), namespace);
        await scene.caIssuer(softwareCaIssuer, "Namespaced", newTestCa("Home and Away CA"));
      }
      using requester = await Requester.create(target(), { namespace: home, name: "jane" });
      await requester.mayReference(group, "*");
      const requests = new SigningRequests(target(), requester.kube);
      await requests.approved({ name: away, signerName: signerName(softwareCaIssuer, "Namespaced", away) });
      await requests.approved({ name: home, signerName: signerName(softwareCaIssuer, "Namespaced", home) });
      await requests.issued(home);
      expect(await requests.failed(away)).toContain(`may not reference the issuer ${away}/${away}`);
    });
  });
}
