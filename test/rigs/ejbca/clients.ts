import type { KeyObject } from "node:crypto";
import { encodePem, newPrivateKey, newSelfSignedCa } from "@countersign/issuer-core";
import { spkiOf } from "../../../packages/signer/src/x509/ca-signer.ts";
import type { CertificateAuthority } from "./authorities.ts";
import type { DnPart } from "./distinguished-name.ts";
import { localNames, makeCertificate } from "./make-certificate.ts";
import { normalSerial, serialBytes } from "./serial-numbers.ts";

/** A certificate with its key, as PEM. */
export interface Credential {
  readonly cert: string;
  readonly key: string;
  /** Upper-case hexadecimal without leading zeros. */
  readonly serial: string;
}

/** Names of the client certificates that were recorded with. */
export type ClientName =
  | "superadmin"
  | "issuer"
  | "norole"
  | "othertrusted"
  | "untrusted"
  | "expired"
  | "revoked";

const day = 24 * 3_600_000;

/** A new key with a certificate of the CA; for a server's own, `server`. */
export function newCredential(
  authority: { readonly dn: readonly DnPart[]; readonly current: { readonly key: KeyObject } },
  options: {
    readonly commonName: string;
    readonly now: Date;
    readonly server?: boolean | undefined;
    readonly expired?: boolean | undefined;
  },
): Credential {
  const { commonName, now, server = false, expired = false } = options;
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const serial = serialBytes();
  const der = makeCertificate({
    issuer: { dn: authority.dn, key: authority.current.key },
    serial,
    subject: [
      { type: "CN", value: commonName },
      { type: "O", value: "EJBCA Lab" },
    ],
    spkiDer: spkiOf(key),
    names: server ? localNames : [],
    keyUsage: ["digital signature"],
    extendedKeyUsage: [server ? "server auth" : "client auth"],
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + (expired ? -day / 2 : 30 * day)),
  });
  return {
    cert: encodePem("CERTIFICATE", der),
    key: String(key.export({ format: "pem", type: "pkcs8" })),
    serial: normalSerial(Buffer.from(serial).toString("hex")),
  };
}

/** A certificate for one of the recorded clients: what is wrong with it, if anything, is in its name. */
export function newClient(
  name: ClientName,
  authorities: ReadonlyMap<string, CertificateAuthority>,
  now: Date,
): Credential {
  if (name === "untrusted") {
    const validity = {
      notBefore: new Date(now.getTime() - day),
      notAfter: new Date(now.getTime() + 30 * day),
    };
    const stranger = newSelfSignedCa({ commonName: "Somebody Else", ...validity });
    const dn = [{ type: "CN", value: "Somebody Else" }];
    return newCredential({ dn, current: stranger }, { commonName: name, now });
  }
  const authority = authorities.get(name === "othertrusted" ? "LabIssuingCA" : "ManagementCA");
  if (authority === undefined) throw new TypeError("Expected ManagementCA and LabIssuingCA to exist");
  return newCredential(authority, { commonName: name, now, expired: name === "expired" });
}

/** One certificate for each of the recorded clients. */
export function newClients(
  authorities: ReadonlyMap<string, CertificateAuthority>,
  now: Date,
): Readonly<Record<ClientName, Credential>> {
  const make = (name: ClientName) => newClient(name, authorities, now);
  return {
    superadmin: make("superadmin"),
    issuer: make("issuer"),
    norole: make("norole"),
    othertrusted: make("othertrusted"),
    untrusted: make("untrusted"),
    expired: make("expired"),
    revoked: make("revoked"),
  };
}
