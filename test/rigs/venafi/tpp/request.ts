import type { KeyObject } from "node:crypto";
import {
  buildCsr,
  type Csr,
  type CurveName,
  newPrivateKey,
  parseCsr,
  SignerError,
} from "@countersign/issuer-core";
import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { readCsrLeniently } from "../read-csr.ts";
import { flag, listOf, number, sdkBody, text } from "./body.ts";
import { endOf } from "./end-date.ts";
import { refused, type TppObject } from "./objects.ts";
import { policyViolations, type TppPolicy } from "./policy.ts";
import { certificateData } from "./retrieve.ts";
import type { TppState } from "./state.ts";

const requestBody = z.looseObject({
  PolicyDN: text,
  ObjectName: text,
  CADN: text,
  PKCS10: text,
  Subject: text,
  SubjectAltNames: listOf(z.looseObject({ Type: number, TypeName: number, Name: text })),
  KeyAlgorithm: text,
  KeyBitSize: number,
  EllipticCurve: text,
  CASpecificAttributes: listOf(z.looseObject({ Name: text, Value: text })),
  CustomFields: listOf(z.looseObject({ Name: text, Values: listOf(z.string()) })),
  Contacts: listOf(z.looseObject({ PrefixedUniversal: text })),
  Origin: text,
  Reenable: flag,
  WorkToDoTimeout: number,
});
type RequestBody = z.output<typeof requestBody>;

/** `POST certificates/request` */
export async function requestCertificate(state: TppState, call: SimulatorCall): Promise<SimulatorAnswer> {
  const body = sdkBody(requestBody, call);
  const { dn: folder, policy } = state.folders.get(body.PolicyDN);
  if (body.CADN === "" && policy.certificateAuthority === undefined)
    throw refused("Need a certificate authority (CADN).\r\n");
  const fields = customFieldsOf(policy, body);
  const { csr, key } = await csrOf(folder, policy, body);
  const name = body.ObjectName === "" ? csr.commonName : body.ObjectName;
  if (name === undefined) throw refused("ObjectName error. Neither ObjectName nor a common name is given.");
  const violations = policyViolations(policy, csr);
  if (violations.length > 0)
    throw refused(`The request does not comply with policy "${folder}". ${violations.join(" ")}`);
  const known = state.objects.find(`${folder}\\${name}`);
  if (known?.disabled === true && !body.Reenable)
    throw refused(`Certificate ${known.dn} is disabled. Set Reenable to true.`);
  const object = known ?? state.objects.create(`${folder}\\${name}`);
  object.disabled = false;
  object.origin = body.Origin;
  object.contacts = body.Contacts.map(({ PrefixedUniversal }) => PrefixedUniversal);
  for (const [label, values] of fields) object.customFields.set(label, values);
  const notAfter = endOf(policy, body.CASpecificAttributes, state.clock());
  state.objects.order(object, { how: "request", csr, key, notAfter, workflow: policy.workflow ?? false });
  return answer(state, object, body.WorkToDoTimeout);
}

async function answer(state: TppState, object: TppObject, timeout: number): Promise<SimulatorAnswer> {
  const made = { CertificateDN: object.dn, Guid: object.guid };
  if (timeout === 0) return { status: 200, json: made };
  const { order, error } = object;
  // What the CA answers within the time is in the answer; the simulator does not let anybody wait.
  if (order !== undefined && error === undefined && !order.held && order.looksLeft === 0) {
    const certificate = await state.objects.look(object).catch(() => undefined);
    if (certificate !== undefined)
      return {
        status: 200,
        json: { ...made, ...(await certificateData(state, certificate, { chain: "leaf-only" })) },
      };
  }
  const late = `Certificate processing took longer than WorkToDoTimeout of ${timeout} seconds.`;
  return { status: 202, reason: late, json: { ...made, Error: late } };
}

function customFieldsOf(policy: TppPolicy, { CustomFields }: RequestBody): Map<string, readonly string[]> {
  const given = new Map<string, readonly string[]>(CustomFields.map(({ Name, Values }) => [Name, Values]));
  const rules = policy.customFields ?? [];
  for (const { label, mandatory, allowed } of rules) {
    const values = given.get(label) ?? [];
    if (mandatory === true && values.length === 0)
      throw refused(`Custom Field error. The value for the mandatory Custom Field ${label} is not set.`);
    const wrong = values.find((value) => allowed?.includes(value) === false);
    if (wrong !== undefined)
      throw refused(`Custom Field error. The value "${wrong}" is not valid for the Custom Field ${label}.`);
  }
  const unknown = [...given.keys()].find((name) => !rules.some(({ label }) => label === name));
  if (unknown !== undefined) throw refused(`Custom Field error. The Custom Field ${unknown} does not exist.`);
  return given;
}

async function csrOf(
  folder: string,
  policy: TppPolicy,
  body: RequestBody,
): Promise<{ readonly csr: Csr; readonly key?: KeyObject }> {
  const made = policy.csrGeneration;
  if (body.PKCS10 === "") {
    if (made?.locked === true && made.value === "UserProvided")
      throw refused(`A CSR is needed. Policy "${folder}" is locked to a User Provided CSR.`);
    return generate(body);
  }
  if (made?.locked === true && made.value === "ServiceGenerated")
    throw refused(
      `PKCS#10 data will not be processed. Policy "${folder}" is locked to a Server Generated CSR.`,
    );
  return { csr: await readCsr(body.PKCS10) };
}

/** A CSR as clients send it: PEM, also with its line ends escaped or left out. Throws the 400 for one that is none. */
export async function readCsr(pkcs10: string): Promise<Csr> {
  const label = "CERTIFICATE REQUEST-----";
  const inner = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----(.*)-----END/s.exec(pkcs10)?.[1] ?? pkcs10;
  const base64 = inner
    .replace(/\\[nr]|\s/g, "")
    .replace(/.{64}/g, "$&\n")
    .trimEnd();
  try {
    return await readCsrLeniently(`-----BEGIN ${label}\n${base64}\n-----END ${label}\n`);
  } catch (error) {
    if (error instanceof SignerError) throw refused(`PKCS10 error. ${error.message}`);
    throw error;
  }
}

const curves: Readonly<Record<string, CurveName>> = { P256: "P-256", P384: "P-384", P521: "P-521" };

/** Key and CSR made by the server. */
async function generate(body: RequestBody): Promise<{ readonly csr: Csr; readonly key: KeyObject }> {
  const curve = curves[body.EllipticCurve.toUpperCase()] ?? "P-256";
  const modulusLength = body.KeyBitSize === 0 ? 2048 : body.KeyBitSize;
  const isEc = body.KeyAlgorithm.toUpperCase() === "ECC";
  const key = newPrivateKey(isEc ? { name: "EC", curve } : { name: "RSA", modulusLength });
  const names = (type: number) =>
    body.SubjectAltNames.filter((san) => (san.Type === 0 ? san.TypeName : san.Type) === type).map(
      ({ Name }) => Name,
    );
  const csr = parseCsr(
    await buildCsr({
      key,
      ...(body.Subject === "" ? {} : { commonName: body.Subject.replace(/^CN=/i, "") }),
      emails: names(1),
      dnsNames: names(2),
      uris: names(6),
      ipAddresses: names(7),
    }),
  );
  return { csr, key };
}
