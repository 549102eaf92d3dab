import type { KeyObject } from "node:crypto";
import {
  newPrivateKey,
  parseCertificate,
  selfSignCa,
  softwareCaSigner,
  type X509,
} from "@countersign/issuer-core";
import { spkiOf } from "../../../packages/signer/src/x509/ca-signer.ts";
import { type DnPart, dnText, javaHashCode } from "./distinguished-name.ts";
import { makeCertificate } from "./make-certificate.ts";
import { serialBytes } from "./serial-numbers.ts";

const day = 24 * 3_600_000;
const minute = 60_000;

/** One generation of a CA's certificate and key. */
export interface AuthorityGeneration {
  readonly certificate: X509;
  readonly key: KeyObject;
}

/** A CA of the simulator. Change its fields to bring about what an administrator of the real server would. */
export class CertificateAuthority {
  readonly name: string;
  readonly dn: readonly DnPart[];
  /** In EJBCA's spelling. */
  readonly dnText: string;
  readonly id: number;
  readonly parent: CertificateAuthority | undefined;
  /** The CA service is set offline. */
  offline = false;
  /** The crypto token is deactivated. */
  tokenOffline = false;
  /** Treated as expired, whatever its certificate says. */
  expired = false;
  uniqueDn = true;
  uniqueKey = true;
  /** Refuses the key of any certificate that it issued before. */
  keyRenewal = false;
  /** False: issued certificates are in no search and have no revocation status. */
  storesCertificates = true;
  /** RSA sizes that its key validator admits; undefined without one. */
  rsaSizes: readonly number[] | undefined;
  #current: AuthorityGeneration;

  constructor(
    name: string,
    dn: readonly DnPart[],
    current: AuthorityGeneration,
    parent?: CertificateAuthority,
  ) {
    this.name = name;
    this.dn = dn;
    this.dnText = dnText(dn);
    this.id = javaHashCode(this.dnText);
    this.#current = current;
    this.parent = parent;
  }

  get current(): AuthorityGeneration {
    return this.#current;
  }

  /** Whether it is in the CA list, and may issue while its token is on. */
  isActive(now: Date): boolean {
    return !this.offline && !this.expired && this.current.certificate.notAfter > now;
  }

  /** The CA first, the root last. */
  chain(): X509[] {
    return [this.current.certificate, ...(this.parent?.chain() ?? [])];
  }

  chainPem(): string {
    return this.chain()
      .map(({ pem }) => pem)
      .join("");
  }

  /** Renews with a new key; answers give only the newest generation from then on. */
  async renew(now: Date): Promise<void> {
    const { notAfter } = this.current.certificate;
    this.#current = await newGeneration(this.dn, { now, notAfter, parent: this.parent });
  }
}

async function newGeneration(
  dn: readonly DnPart[],
  options: {
    readonly now: Date;
    readonly notAfter: Date;
    readonly parent?: CertificateAuthority | undefined;
  },
): Promise<AuthorityGeneration> {
  const { now, notAfter, parent } = options;
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const notBefore = new Date(now.getTime() - day);
  if (parent === undefined) {
    const certificate = await selfSignCa({ signer: softwareCaSigner(key), subject: dn, notBefore, notAfter });
    return { certificate, key };
  }
  const der = makeCertificate({
    issuer: { dn: parent.dn, key: parent.current.key },
    serial: serialBytes(),
    subject: dn,
    spkiDer: spkiOf(key),
    isCA: true,
    keyUsage: ["digital signature", "cert sign", "crl sign"],
    notBefore,
    notAfter,
  });
  return { certificate: parseCertificate(der), key };
}

/**
 * The CAs of the recorded server, by name. Their keys are P-256, where some of the real ones were RSA: that is faster to
 * start and changes no answer.
 */
export async function labAuthorities(now: Date): Promise<ReadonlyMap<string, CertificateAuthority>> {
  const tenYears = new Date(now.getTime() + 3650 * day);
  const authorities = new Map<string, CertificateAuthority>();
  const add = async (name: string, parent?: string, { notAfter = tenYears, commonName = name } = {}) => {
    const dn = [
      { type: "CN", value: commonName },
      { type: "O", value: "EJBCA Lab" },
      { type: "C", value: "SE" },
    ];
    const above = parent === undefined ? undefined : authorities.get(parent);
    const first = await newGeneration(dn, { now, notAfter, parent: above });
    const authority = new CertificateAuthority(name, dn, first, above);
    authorities.set(name, authority);
    return authority;
  };
  await add("LabDownCA");
  await add("ManagementCA");
  await add("LabECCA");
  await add("LabRootCA");
  await add("LabShortCA", undefined, { notAfter: new Date(now.getTime() + 11 * minute) });
  await add("LabSlashCA", undefined, { commonName: "Lab/Slash CA" });
  const free = await add("LabNoUniqueCA");
  free.uniqueDn = false;
  free.uniqueKey = false;
  await add("LabIssuingCA", "LabRootCA");
  return authorities;
}
