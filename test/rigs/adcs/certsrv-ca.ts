import {
  buildCertificate,
  buildCsr,
  type Csr,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  randomSerial,
  softwareCaSigner,
  type X509,
} from "@countersign/issuer-core";
import { type CaPair, issueBelow, type MakeBad, newAuthority } from "@countersign/issuer-testing";

const day = 24 * 3_600_000;

/** `CR_DISP_*` of certcli.h. */
export const dispositions = Object.freeze({
  incomplete: 0,
  error: 1,
  denied: 2,
  issued: 3,
  outOfBand: 4,
  pending: 5,
  revoked: 6,
});

/** A template, as far as it decides what becomes of a request. */
export interface CertsrvTemplate {
  /** Whether requests wait for a certificate manager. */
  pending?: boolean;
  /** Longest of what the certificates live, in seconds. */
  validitySeconds: number;
  /** Smallest RSA key in bits. */
  minKeyBits?: number;
  isCA?: boolean;
  /** Accounts that may enrol, in lower case; everybody unless given. */
  enrollers?: Set<string>;
  /** Names that the directory puts into certificates in the place of the request's. */
  directoryNames?: readonly string[];
}

/** One request in the CA's database. */
export interface CertsrvRow {
  readonly id: number;
  readonly csr: Csr;
  /** By name, as they were sent. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly requester: string;
  readonly submittedAt: Date;
  disposition: number;
  hresult: number;
  certificate?: X509 | undefined;
  /** What is delivered in the place of the certificate and of its chain. */
  badAnswer?: string | undefined;
  /** Which generation of the CA has signed. */
  generation?: number | undefined;
}

/** Whether a request can go into the database, and why not. */
export type Submitted = { readonly row: CertsrvRow } | { readonly hresult: number };

/** A little enterprise CA below a root, whose certificate can be renewed. */
export class CertsrvCa {
  readonly root: CaPair;
  /** The CA's certificates with their keys, the first at 0. */
  readonly generations: CaPair[] = [];
  readonly templates = new Map<string, CertsrvTemplate>();
  /** Every request so far, but for those that a restored database has lost. */
  readonly rows: CertsrvRow[] = [];
  /** The code with which every request is denied; 0 for none. */
  denyAll = 0;
  /** The code with which the CA fails; 0 for none. */
  failing = 0;
  /** Makes what is delivered instead of certificates. */
  badCertificate: MakeBad | undefined;
  readonly #now: () => Date;
  #lastId = 6;

  private constructor(root: CaPair, now: () => Date) {
    this.root = root;
    this.#now = now;
    this.templates.set("WebServer", { validitySeconds: 2 * 365 * 86_400, minKeyBits: 2048 });
    this.templates.set("WebServerApproval", { validitySeconds: 365 * 86_400, pending: true });
    this.templates.set("SubCA", { validitySeconds: 2 * 365 * 86_400, isCA: true });
    this.templates.set("Machine", { validitySeconds: 365 * 86_400, directoryNames: ["svc.corp.test"] });
  }

  static async create(now: () => Date): Promise<CertsrvCa> {
    const at = now().getTime();
    const validity = { notBefore: new Date(at - 5 * 365 * day), notAfter: new Date(at + 15 * 365 * day) };
    const ca = new CertsrvCa(newSelfSignedCa({ commonName: "Corp Root CA", ...validity }), now);
    await ca.renew({ newKey: true });
    return ca;
  }

  /** A new generation of the CA's certificate, with the same name. */
  async renew({ newKey }: { readonly newKey: boolean }): Promise<void> {
    const at = this.#now().getTime();
    const key =
      (newKey ? undefined : this.generations.at(-1)?.key) ?? newPrivateKey({ name: "EC", curve: "P-256" });
    const csr = parseCsr(await buildCsr({ key, commonName: "Corp Issuing CA" }));
    const certificate = await issueBelow(this.root, {
      csr,
      serialSeed: `generation ${this.generations.length} ${csr.pem}`,
      notBefore: new Date(at - 2 * 365 * day),
      notAfter: new Date(at + (5 + this.generations.length) * 365 * day),
      isCA: true,
      usages: ["cert sign", "crl sign", "digital signature"],
      pathLength: 1,
    });
    this.generations.push({ certificate, key });
  }

  /** Takes a request, as ICertRequest::Submit does. */
  async submit(
    csrText: string,
    attributes: Readonly<Record<string, string>>,
    requester: string,
  ): Promise<Submitted> {
    if (this.failing !== 0) return { hresult: this.failing };
    let csr: Csr;
    try {
      csr = parseCsr(csrText);
    } catch {
      return { hresult: 0x8009310b };
    }
    this.#lastId += 1;
    const base = { id: this.#lastId, csr, attributes, requester, submittedAt: this.#now() };
    const row: CertsrvRow = { ...base, disposition: dispositions.denied, hresult: 0 };
    this.rows.push(row);
    const template = this.#judge(row);
    if (typeof template === "number") row.hresult = template;
    else if (template.pending) row.disposition = dispositions.pending;
    else await this.#issue(row, template);
    return { row };
  }

  row(id: number): CertsrvRow | undefined {
    return this.rows.find((row) => row.id === id);
  }

  /** As a certificate manager does. Throws a TypeError for a request that does not wait. */
  async approve(id: number): Promise<void> {
    const row = this.#waiting(id);
    const template = this.#judge(row);
    if (typeof template === "number")
      throw new TypeError(`Expected a template that is there, got ${template}`);
    await this.#issue(row, template);
  }

  /** Likewise, with CERTSRV_E_ADMIN_DENIED_REQUEST unless told otherwise. */
  deny(id: number, hresult = 0x80094014): void {
    Object.assign(this.#waiting(id), { disposition: dispositions.denied, hresult });
  }

  /** As after a restore of a backup from before: the rows are gone, and ids are given anew. */
  restoreOldDatabase(): void {
    this.rows.length = 0;
    this.#lastId = 6;
  }

  /** The CA's certificates above a leaf of this generation. */
  chain(generation: number): readonly X509[] {
    const ca = this.generations[generation];
    return ca === undefined ? [] : [ca.certificate, this.root.certificate];
  }

  #waiting(id: number): CertsrvRow {
    const row = this.row(id);
    if (row?.disposition !== dispositions.pending)
      throw new TypeError(`Expected a request that waits, got ${id}`);
    return row;
  }

  /** The request's template, or the code with which the policy module denies it. */
  #judge({ attributes, csr, requester }: CertsrvRow): CertsrvTemplate | number {
    if (this.denyAll !== 0) return this.denyAll;
    const name = attributes.CertificateTemplate;
    if (name === undefined) return 0x80094801;
    const template = this.templates.get(name);
    if (template === undefined) return 0x80094800;
    if (template.enrollers?.has(requester.toLowerCase()) === false) return 0x80094012;
    const { keyAlgorithm } = csr;
    const bits = keyAlgorithm.name === "RSA" ? keyAlgorithm.modulusLength : Number.POSITIVE_INFINITY;
    return bits < (template.minKeyBits ?? 0) ? 0x80094811 : template;
  }

  async #issue(row: CertsrvRow, template: CertsrvTemplate): Promise<void> {
    const generation = this.generations.length - 1;
    const ca = this.generations[generation];
    if (ca === undefined) throw new TypeError("Expected a CA with a certificate");
    const now = this.#now();
    const csr = template.directoryNames === undefined ? row.csr : await directoryCsr(template.directoryNames);
    const leaf = await buildCertificate({
      csr: { ...csr, spkiDer: row.csr.spkiDer, ...left },
      caCertificate: ca.certificate,
      signer: softwareCaSigner(ca.key),
      serial: randomSerial(),
      notBefore: new Date(now.getTime() - 10 * 60_000),
      notAfter: new Date(now.getTime() + template.validitySeconds * 1000),
      isCA: template.isCA ?? false,
      usages: template.isCA
        ? ["cert sign", "crl sign"]
        : ["digital signature", "key encipherment", "server auth"],
    });
    Object.assign(row, { disposition: dispositions.issued, hresult: 0, certificate: leaf, generation });
    if (this.badCertificate !== undefined) {
      const authority = { root: this.root, intermediate: ca };
      const given = { authority, foreign: await newAuthority(now), csr: row.csr, leaf, now };
      const answer = await this.badCertificate(given);
      row.badAnswer = typeof answer === "string" ? answer : answer.pem + (answer.ca ?? "");
    }
  }
}

/** What a template decides, whatever the CSR asks for. */
const left = { keyUsage: undefined, extendedKeyUsage: undefined, basicConstraints: undefined };

/** The names that the directory has of an account. */
async function directoryCsr(dnsNames: readonly string[]): Promise<Csr> {
  return parseCsr(await buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames }));
}
