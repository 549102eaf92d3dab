import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { thumbprintOf } from "../thumbprint.ts";
import { flag, number, sdkBody, text } from "./body.ts";
import { endOf } from "./end-date.ts";
import { refused, type TppObject } from "./objects.ts";
import { policyViolations } from "./policy.ts";
import { readCsr } from "./request.ts";
import type { TppState } from "./state.ts";

const objectBody = z.looseObject({ CertificateDN: text, Restart: flag, PKCS10: text });

/** The object that a reset or retry names. Throws the 400 that the Go client takes for "not found" by its end. */
function namedObject(state: TppState, dn: string): TppObject {
  if (dn.trim() === "")
    throw refused(
      "Invalid CertificateDN format. The Certificate DN contained null or white spaces for (CertificateDN).",
    );
  const object = state.objects.find(dn);
  if (object === undefined)
    throw refused(
      `CertificateDN error. CertificateDN: "${dn}" does not exist or you do not have sufficient rights to the object.`,
    );
  return object;
}

/** Orders anew what an object was last made for. */
function again(state: TppState, object: TppObject, how: "renew" | "restart"): void {
  const { lastOrder } = object;
  if (lastOrder === undefined) return;
  const { csr, key } = lastOrder;
  const { policy } = state.folders.ofObject(object.dn);
  const notAfter = endOf(policy, [], state.clock());
  state.objects.order(object, { how, csr, key, notAfter, workflow: policy.workflow ?? false });
}

/** `POST certificates/reset` */
export function resetCertificate(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { CertificateDN, Restart } = sdkBody(objectBody, call);
  const object = namedObject(state, CertificateDN);
  if (!state.objects.reset(object))
    throw refused("Reset is not completed. No reset is required for the certificate.");
  if (Restart) again(state, object, "restart");
  return { status: 200, json: { ProcessingResetCompleted: true } };
}

/** `POST certificates/retry` */
export function retryCertificate(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const object = namedObject(state, sdkBody(objectBody, call).CertificateDN);
  if (!state.objects.retry(object))
    throw refused("Retry canceled. No retry is required for the certificate.");
  return { status: 200, json: { Success: true } };
}

/** `POST certificates/renew` */
export async function renewCertificate(state: TppState, call: SimulatorCall): Promise<SimulatorAnswer> {
  const { CertificateDN, PKCS10 } = sdkBody(objectBody, call);
  const object = state.objects.find(CertificateDN);
  const fail = (status: number, error: string): SimulatorAnswer => {
    return { status, reason: error, json: { Error: error, Success: false } };
  };
  if (object === undefined) return fail(400, `Certificate ${CertificateDN} does not exist.`);
  if (object.order !== undefined || object.error !== undefined)
    return fail(400, `Certificate ${object.dn} cannot be renewed while it is being processed or in error.`);
  if (PKCS10 === "") {
    const last = object.certificates.at(-1);
    const { policy } = state.folders.ofObject(object.dn);
    if (last === undefined) return fail(400, `Certificate ${object.dn} has no certificate data.`);
    if (last.key === undefined && policy.keyReuse !== true)
      return fail(400, "Private key reuse is prohibited by policy. Bring a new PKCS10.");
    again(state, object, "renew");
    return { status: 200, json: { Success: true } };
  }
  const { dn, policy } = state.folders.ofObject(object.dn);
  const csr = await readCsr(PKCS10);
  const violations = policyViolations(policy, csr);
  if (violations.length > 0)
    return fail(400, `The request does not comply with policy "${dn}". ${violations.join(" ")}`);
  const notAfter = endOf(policy, [], state.clock());
  state.objects.order(object, { how: "renew", csr, notAfter, workflow: policy.workflow ?? false });
  return { status: 200, json: { Success: true } };
}

const revokeBody = z.looseObject({ CertificateDN: text, Thumbprint: text, Reason: number, Disable: flag });

/** `POST certificates/revoke`: `Requested` is false for what was revoked before. */
export function revokeCertificate(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { CertificateDN, Thumbprint, Reason, Disable } = sdkBody(revokeBody, call);
  const fail = (error: string): SimulatorAnswer => {
    return { status: 400, reason: error, json: { Error: error, Success: false } };
  };
  if (CertificateDN === "" && Thumbprint === "") return fail("CertificateDN or Thumbprint must be given.");
  if (Reason > 5) return fail(`Reason ${Reason} is not supported.`);
  const object = CertificateDN === "" ? byThumbprint(state, Thumbprint) : state.objects.find(CertificateDN);
  if (object === undefined)
    return fail(`Certificate ${CertificateDN === "" ? Thumbprint : CertificateDN} does not exist.`);
  const isSettled = object.order === undefined && object.error === undefined;
  const certificate = isSettled ? object.certificates.at(-1) : undefined;
  if (certificate === undefined)
    return fail(`Certificate ${object.dn} does not have a certificate to revoke`);
  if (Disable) object.disabled = true;
  if (certificate.revoked) return { status: 200, json: { Requested: false, Success: true } };
  certificate.revoked = true;
  state.ledger.append({
    kind: "revocation",
    dn: object.dn,
    serial: certificate.leaf.serialHex,
    reason: Reason,
  });
  return { status: 200, json: { Requested: true, Success: true } };
}

/** The object whose certificate in use has this SHA-1 thumbprint, in any case and with or without colons. */
export function byThumbprint(state: TppState, thumbprint: string): TppObject | undefined {
  const sought = thumbprint.replace(/[^0-9a-f]/gi, "").toUpperCase();
  return state.objects.all.find((object) => {
    const leaf = object.certificates.at(-1)?.leaf;
    return leaf !== undefined && thumbprintOf(leaf.der) === sought;
  });
}
