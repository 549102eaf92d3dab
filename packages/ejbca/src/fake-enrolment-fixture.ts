import {
  buildCertificate,
  type Csr,
  newSelfSignedCa,
  parseCsr,
  randomSerial,
  softwareCaSigner,
  type X509,
} from "@countersign/issuer-signer";
import type { FakeCall, FakeEjbca } from "./fake-ejbca-fixture.ts";

const day = 86_400_000;

/** For tests: a CA that answers enrolments as EJBCA does. */
export function fakeCa() {
  const now = Date.now();
  const ca = newSelfSignedCa({
    commonName: "LabIssuingCA",
    notBefore: new Date(now - 10 * day),
    notAfter: new Date(now + 400 * day),
  });
  const base64 = ({ der }: X509) => Buffer.from(der).toString("base64");
  const sign = (csr: Csr, { notBefore = now - 600_000, seconds = 90 * 86_400, isCA = false } = {}) =>
    buildCertificate({
      csr,
      caCertificate: ca.certificate,
      signer: softwareCaSigner(ca.key),
      serial: randomSerial(),
      notBefore: new Date(notBefore),
      notAfter: new Date(notBefore + seconds * 1000),
      isCA,
      usages: isCA ? ["cert sign"] : ["digital signature", "key encipherment"],
      beyondCa: "allow",
    });
  return {
    certificate: ca.certificate,
    sign,
    /** As enrolment and `certificaterequest` answer. */
    answer: (leaf: X509) => ({
      status: 201,
      body: {
        certificate: base64(leaf),
        serial_number: leaf.serialHex.toUpperCase(),
        response_format: "DER",
        certificate_chain: [base64(ca.certificate)],
      },
    }),
    /** As a search answers: base64 of base64 with line feeds. */
    found: (...leaves: readonly X509[]) => ({
      body: {
        certificates: leaves.map((leaf) => {
          const lines = base64(leaf).replace(/(.{64})/g, "$1\n");
          const certificate = Buffer.from(lines).toString("base64");
          return { certificate, serial_number: leaf.serialHex.toUpperCase(), response_format: "DER" };
        }),
        more_results: false,
      },
    }),
  };
}

/** The CSR of an enrolment. */
export function csrOf({ json }: FakeCall): Csr {
  return parseCsr(String(json.certificate_request));
}

/** For tests: has the fake answer enrolments of both kinds with certificates of a CA. */
export function enrolling(fake: FakeEjbca, ca = fakeCa()) {
  const route = async (call: FakeCall) => ca.answer(await ca.sign(csrOf(call)));
  fake.routes["POST v1/certificate/pkcs10enroll"] = route;
  fake.routes["POST v1/certificate/certificaterequest"] = route;
  return ca;
}
