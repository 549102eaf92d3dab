import { encodePem, parseCsr, verifyIssued } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ejbcaBadCertificates } from "./bad-answer.ts";
import { callEjbca, enrolment } from "./call-ejbca.ts";
import { type Ejbca, startEjbca } from "./start-ejbca.ts";

let ejbca: Ejbca;

beforeAll(async () => {
  ejbca = await startEjbca();
});
afterAll(async () => {
  await ejbca.stop();
  expect(ejbca.defects).toEqual([]);
});

const path = "/v1/certificate/pkcs10enroll";

describe("bad certificates from the EJBCA simulator", () => {
  test("are at least forty", () => {
    expect(Object.keys(ejbcaBadCertificates).length).toBeGreaterThanOrEqual(40);
  });

  test.each(Object.entries(ejbcaBadCertificates))("%s: no client may take it", async (_name, make) => {
    const before = ejbca.ledger.entries.length;
    const body = await enrolment(`bad-${before}`);
    const csr = parseCsr(`${body.certificate_request}`);
    const call = { path, client: ejbca.clients.issuer, body };
    const chainOf = ({ json }: Awaited<ReturnType<typeof callEjbca>>) =>
      [`${json.certificate}`, ...(json.certificate_chain as string[])].map((base64) =>
        encodePem("CERTIFICATE", Buffer.from(base64, "base64")),
      );
    const verify = (chain: readonly string[]) =>
      verifyIssued({
        csr,
        chain: chain.join(""),
        now: new Date(),
        isCA: false,
        durationSeconds: 90 * 86_400,
      });

    const good = chainOf(await callEjbca(ejbca, call));
    expect(() => verify(good)).not.toThrow();
    ejbca.faults.add({ route: "pkcs10enroll", action: { kind: "badCertificate", make } });
    const bad = await callEjbca(ejbca, call);
    expect(bad.status).toBe(201);
    expect(() => verify(chainOf(bad))).toThrow(expect.objectContaining({ code: "BAD_CERTIFICATE" }));
    expect(ejbca.ledger.entries).toHaveLength(before + 2);
  });
});
