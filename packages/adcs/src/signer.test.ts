import {
  IssuerError,
  issuedNothing,
  orderChain,
  parseCertificates,
  RequestRejected,
  RetryableError,
} from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { certsrvLanguages } from "../../../test/rigs/adcs/certsrv-languages.ts";
import { startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { chainOf, connectTo, failureOf, operationOf } from "./connect-fixture.ts";

const languages = Object.keys(certsrvLanguages) as (keyof typeof certsrvLanguages)[];
const styles = languages.flatMap((language) =>
  (
    [
      { quotedIds: false, links: "markup" },
      { quotedIds: true, links: "script" },
    ] as const
  ).map((style) => [language, style] as const),
);

describe.each(styles)("pages in %s, %o", (language, style) => {
  test("an issued request: the leaf for its key, with the CAs that signed it", async () => {
    await using certsrv = await startCertsrv({ language, style });
    await using adcs = connectTo(certsrv);
    const request = await signRequestFor();
    const { chain, root } = orderChain(chainOf(await adcs.sign(request)));
    const [leaf, issuer] = chain;
    expect(Buffer.from(leaf?.spkiDer ?? [])).toEqual(Buffer.from(request.parsedCsr.spkiDer));
    expect([issuer?.subject, root?.subject]).toEqual(["CN=Corp Issuing CA", "CN=Corp Root CA"]);
    expect(certsrv.ca.rows).toMatchObject([
      {
        requester: "svc",
        attributes: { CertificateTemplate: "WebServer", CertificateManagerUid: request.uid },
      },
    ]);
  });

  test("a pending request keeps its id until it is approved", async () => {
    await using certsrv = await startCertsrv({ language, style });
    await using adcs = connectTo(certsrv, { adcs: { template: "WebServerApproval" } });
    const request = await signRequestFor();
    const outcome = await adcs.sign(request);
    expect(outcome).toMatchObject({ status: "pending", retryAfterMs: 330_000, operation: { requestId: 7 } });
    const operation = operationOf(outcome);
    expect(operationOf(await adcs.sign(request, operation))).toEqual(operation);
    await certsrv.ca.approve(7);
    expect(parseCertificates(chainOf(await adcs.sign(request, operation)))).toHaveLength(3);
    expect(certsrv.ca.rows).toHaveLength(1);
  });

  test("a denial is told by its code, whether at once or later", async () => {
    await using certsrv = await startCertsrv({ language, style });
    await using adcs = connectTo(certsrv, { adcs: { template: "Nowhere" } });
    const error = await failureOf(adcs.sign());
    expect(error).toBeInstanceOf(RequestRejected);
    expect(error.message).toMatch(
      /denied request 7 with 0x80094800 \(CERTSRV_E_UNSUPPORTED_CERT_TYPE\)\. The CA does not offer the template/,
    );
    await using waiting = connectTo(certsrv, { adcs: { template: "WebServerApproval" } });
    const request = await signRequestFor();
    const operation = operationOf(await waiting.sign(request));
    certsrv.ca.deny(operation.requestId);
    const later = await failureOf(waiting.sign(request, operation));
    expect(later).toBeInstanceOf(RequestRejected);
    expect(later.message).toMatch(/denied request 8 with 0x80094014 \(CERTSRV_E_ADMIN_DENIED_REQUEST\)/);
  });

  test("a CA that is away or suspended is tried again, and has issued nothing", async () => {
    await using certsrv = await startCertsrv({ language, style });
    await using adcs = connectTo(certsrv);
    await adcs.check();
    for (const [code, name] of [
      [0x800706ba, "RPC_S_SERVER_UNAVAILABLE"],
      [0x80094006, "CERTSRV_E_SERVER_SUSPENDED"],
    ] as const) {
      certsrv.ca.failing = code;
      const error = await failureOf(adcs.sign());
      expect(error).toBeInstanceOf(RetryableError);
      expect(issuedNothing(error)).toBe(true);
      expect(error.message).toContain(name);
    }
  });
});

describe("what the CA refuses", () => {
  test.each([
    [0x80094012, "CERTSRV_E_TEMPLATE_DENIED", RequestRejected],
    [0x80094011, "CERTSRV_E_ENROLL_DENIED", RequestRejected],
    [0x80094801, "CERTSRV_E_NO_CERT_TYPE", RequestRejected],
    [0x80094811, "CERTSRV_E_KEY_LENGTH", RequestRejected],
    [0x8009480f, "CERTSRV_E_SUBJECT_DNS_REQUIRED", RequestRejected],
    [0x8009400f, "CERTSRV_E_NO_DB_SESSIONS", RetryableError],
    [0x80092013, "CRYPT_E_REVOCATION_OFFLINE", RetryableError],
    [0x80070005, "E_ACCESSDENIED", IssuerError],
    [0x8009ffff, "0x8009FFFF", RequestRejected],
  ])("%i is %s", async (code, name, kind) => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    certsrv.ca.denyAll = code;
    const error = await failureOf(adcs.sign());
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toContain(name);
    expect(error.message.length).toBeLessThan(1024);
  });

  test("an account that may not enrol is told so", async () => {
    await using certsrv = await startCertsrv();
    certsrv.ca.templates.set("WebServer", { validitySeconds: 86_400, enrollers: new Set(["other"]) });
    await using adcs = connectTo(certsrv);
    expect((await failureOf(adcs.sign())).message).toMatch(
      /may not use the template\. Grant it Read and Enroll/,
    );
  });
});

describe("generations of the CA", () => {
  test.each([true, false])(
    "renewed with a new key: %s. Each certificate comes with the one that signed it",
    async (newKey) => {
      await using certsrv = await startCertsrv();
      await using adcs = connectTo(certsrv, { adcs: { template: "WebServerApproval" } });
      const [before, after] = [await signRequestFor(), await signRequestFor()];
      const operations = [operationOf(await adcs.sign(before)), operationOf(await adcs.sign(after))];
      await certsrv.ca.approve(7);
      await certsrv.ca.renew({ newKey });
      await certsrv.ca.approve(8);
      for (const [at, request] of [before, after].entries()) {
        const { chain } = orderChain(chainOf(await adcs.sign(request, operations[at])));
        expect(chain[1]?.sha256Hex).toBe(certsrv.ca.generations[at]?.certificate.sha256Hex);
      }
    },
  );

  test("the generation is found by its signature where the request's own PKCS#7 cannot be had", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv, { adcs: { template: "WebServerApproval" } });
    const request = await signRequestFor();
    const operation = operationOf(await adcs.sign(request));
    await certsrv.ca.approve(7);
    await certsrv.ca.renew({ newKey: true });
    await certsrv.ca.renew({ newKey: true });
    certsrv.fault("certnew.p7b", { kind: "answer", answer: { body: "<html>no</html>" } });
    const { chain } = orderChain(chainOf(await adcs.sign(request, operation)));
    expect(chain[1]?.sha256Hex).toBe(certsrv.ca.generations[0]?.certificate.sha256Hex);
    const pages = certsrv.calls.map(({ page }) => page).filter((page) => page.includes("p7b"));
    expect(pages).toEqual([
      "certnew.p7b?ReqID=7&Enc=b64",
      "certnew.p7b?ReqID=CACert&Renewal=2&Enc=b64",
      "certnew.p7b?ReqID=CACert&Renewal=1&Enc=b64",
      "certnew.p7b?ReqID=CACert&Renewal=0&Enc=b64",
    ]);
  });
});

describe("no double issuance", () => {
  test("what was issued and cannot be fetched is fetched later, not requested again", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    await adcs.check();
    certsrv.fault("certnew.cer", { kind: "answer", answer: { status: 500, body: "busy" } }, 2);
    const request = await signRequestFor();
    const outcome = await adcs.sign(request);
    expect(outcome).toMatchObject({ status: "pending", operation: { requestId: 7 } });
    await expect(adcs.sign(request, operationOf(outcome))).rejects.toThrow(/answered 500/);
    await expect
      .poll(() => adcs.sign(request, operationOf(outcome)).then(({ status }) => status, String), {
        timeout: 15_000,
      })
      .toBe("issued");
    expect(certsrv.ca.rows).toHaveLength(1);
  });

  test("a lost answer may have issued, and cannot be looked up", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    certsrv.fault("certfnsh.asp", { kind: "lose" });
    const request = await signRequestFor();
    const error = await failureOf(adcs.sign(request));
    expect(error).toBeInstanceOf(RetryableError);
    expect(issuedNothing(error)).toBe(false);
    expect(await adcs.find(request)).toEqual({
      status: "cannot-tell",
      reason: `web enrolment cannot be searched; look for CertificateManagerUid:${request.uid} at the CA, as with certutil -view`,
    });
  });

  test("what this process has submitted is looked at again, whatever came of it", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    const request = await signRequestFor();
    await adcs.sign(request);
    expect(await adcs.find(request)).toMatchObject({ status: "pending", operation: { requestId: 7 } });
  });

  test("trouble before the submission has issued nothing", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    certsrv.fault("certnew.cer", { kind: "answer", answer: { status: 500, body: "" } });
    const error = await failureOf(adcs.sign());
    expect(issuedNothing(error)).toBe(true);
    expect(certsrv.ca.rows).toEqual([]);
  });

  test("a request that the CA has forgotten is submitted once more, and says so", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv, { adcs: { template: "WebServerApproval" } });
    const request = await signRequestFor();
    const operation = operationOf(await adcs.sign(request));
    certsrv.ca.restoreOldDatabase();
    const again = await adcs.sign(request, operation);
    expect(again).toMatchObject({
      status: "pending",
      operation: { requestId: 7, resubmitted: { reason: "RequestUnknown", requestId: 7 } },
      conditions: [{ type: "ADCSResubmitted", reason: "RequestUnknown" }],
    });
    certsrv.ca.restoreOldDatabase();
    await expect(adcs.sign(request, operationOf(again))).rejects.toThrow(/second time already/);
    expect(certsrv.ca.rows).toEqual([]);
  });

  test("a request of another CA is not looked for in this one's database", async () => {
    await using first = await startCertsrv();
    await using second = await startCertsrv();
    await using before = connectTo(first, { adcs: { template: "WebServerApproval" } });
    await using after = connectTo(second, { adcs: { template: "WebServerApproval" } });
    const [request, stranger] = [await signRequestFor(), await signRequestFor()];
    const operation = operationOf(await before.sign(request));
    await after.sign(stranger);
    second.ca.deny(7);
    const outcome = await after.sign(request, operation);
    expect(outcome).toMatchObject({
      status: "pending",
      operation: { requestId: 8, resubmitted: { reason: "AuthorityChanged", requestId: 7 } },
      conditions: [
        {
          type: "ADCSResubmitted",
          reason: "AuthorityChanged",
          message: expect.stringContaining(request.uid),
        },
      ],
    });
  });
});

describe("what the template does otherwise than asked", () => {
  test("a lifetime of its own is a condition", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    expect(await adcs.sign({ durationSeconds: 3600 })).toMatchObject({
      conditions: [
        {
          type: "ADCSPolicyApplied",
          reason: "LifetimeDiffers",
          message: expect.stringContaining("17520.2 h, not for 1 h"),
        },
      ],
    });
    const same = await adcs.sign({ durationSeconds: 2 * 365 * 86_400 });
    expect(same).toMatchObject({ conditions: [] });
  });

  test("names of the directory fail the request, once", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv, { adcs: { template: "Machine" } });
    const error = await failureOf(adcs.sign());
    expect(error).toBeInstanceOf(RequestRejected);
    expect(error.message).toContain("Supply in the request");
  });

  test("isCA belongs to the template", async () => {
    await using certsrv = await startCertsrv();
    await using plain = connectTo(certsrv);
    await using authority = connectTo(certsrv, { adcs: { template: "SubCA", isCA: true } });
    const request = await signRequestFor({
      commonName: "Team CA",
      dnsNames: [],
      isCA: true,
      usages: ["cert sign"],
    });
    expect(await failureOf(plain.sign(request))).toBeInstanceOf(RequestRejected);
    expect(await failureOf(authority.sign())).toBeInstanceOf(RequestRejected);
    expect(certsrv.ca.rows).toEqual([]);
    expect(parseCertificates(chainOf(await authority.sign(request)))[0]?.isCA).toBe(true);
  });
});
