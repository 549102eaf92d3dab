import { parseCertificate } from "@countersign/issuer-core";
import { readDer } from "../../../packages/signer/src/x509/der-reader.ts";
import { Refused } from "./answer.ts";
import type { Call } from "./call.ts";
import { dnText, readDn } from "./distinguished-name.ts";
import { type Admin, rulesOf } from "./roles.ts";
import { normalSerial } from "./serial-numbers.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

/** Who calls: by client certificate, else by bearer token. EJBCA never answers 401; what is wrong is a 403. */
export function authenticate(world: World, call: Call): Admin {
  if (call.clientCertificate !== undefined) return byCertificate(world, call.clientCertificate);
  const token = /^bearer\s+(.+)$/i.exec(call.headers.authorization ?? "")?.[1];
  if (token === undefined) throw new Refused(403, texts.noCredential);
  const verdict = world.tokens.judge(token, world.now());
  if (verdict === "expired") throw new Refused(403, texts.expiredToken);
  if (verdict === "bad") throw new Refused(403, texts.badToken);
  const { subject } = verdict;
  return { name: subject, kind: "token", rules: rulesOf(world.roles.values(), `sub=${subject}`) };
}

function byCertificate(world: World, der: Uint8Array): Admin {
  const certificate = parseCertificate(der);
  const [name, issuer] = [certificate.subjectDer, certificate.issuerDer].map((encoded) =>
    dnText(readDn(readDer(encoded, "a name"))),
  );
  const serial = normalSerial(certificate.serialHex);
  if (world.revokedAdmins.has(serial))
    throw new Refused(403, texts.revokedAdmin(BigInt(`0x${serial}`), issuer ?? ""));
  const isOurs = issuer === world.authorities.get("ManagementCA")?.dnText;
  const rules = isOurs ? rulesOf(world.roles.values(), `CN=${certificate.commonName}`) : [];
  return { name: name ?? "", kind: "certificate", rules };
}
