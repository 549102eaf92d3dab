import { type Csr, InvalidCsrError, SignerError, type X509 } from "@countersign/issuer-core";
import { type Authority, badCertificates, issueBelow, newAuthority } from "@countersign/issuer-testing";

/** What the CA is asked to certify. */
export interface CaOrder {
  readonly csr: Csr;
  /** Different for each certificate. */
  readonly seed: string;
  readonly notAfter: Date;
}

/** A certificate as it is handed out. */
export interface Delivery {
  readonly csr: Csr;
  readonly leaf: X509;
  readonly chain: "leaf-first" | "root-first" | "leaf-only";
}

/** The little CA behind a simulator: a root, an issuing CA, and a way to hand out what it never should. */
export class SimulatorCa {
  readonly #authority: Authority;
  readonly #foreign: Authority;
  readonly #clock: () => Date;
  #tampering: string | undefined;

  private constructor(authority: Authority, foreign: Authority, clock: () => Date) {
    this.#authority = authority;
    this.#foreign = foreign;
    this.#clock = clock;
  }

  static async create(clock: () => Date): Promise<SimulatorCa> {
    return new SimulatorCa(await newAuthority(clock()), await newAuthority(clock()), clock);
  }

  /** PEM of the root. */
  get rootPem(): string {
    return this.#authority.root.certificate.pem;
  }

  /** From now on every certificate is handed out as one of `badCertificates`; undefined: as it was issued. */
  tamper(name: string | undefined): void {
    if (name !== undefined && !Object.hasOwn(badCertificates, name))
      throw new TypeError(`expected a name of \`badCertificates\`, got ${JSON.stringify(name)}`);
    this.#tampering = name;
  }

  /**
   * A certificate with the usages of the request, for servers and clients where it names none.
   * @throws SignerError for what this CA does not issue
   */
  async issue({ csr, seed, notAfter }: CaOrder): Promise<X509> {
    if (csr.basicConstraints?.isCA === true) throw new InvalidCsrError("this CA issues no CA certificates");
    const asked = [...(csr.keyUsage ?? []), ...(csr.extendedKeyUsage ?? [])];
    const usual = ["digital signature", "key encipherment", "server auth", "client auth"];
    return issueBelow(this.#authority.intermediate, {
      csr,
      serialSeed: seed,
      notBefore: new Date(this.#clock().getTime() - 60_000),
      notAfter,
      usages: asked.length > 0 ? asked : usual,
    });
  }

  /** PEM text of a certificate and, where asked for, its chain up to and with the root. */
  async deliver({ csr, leaf, chain }: Delivery): Promise<string> {
    const { root, intermediate } = this.#authority;
    const make = this.#tampering === undefined ? undefined : badCertificates[this.#tampering];
    if (make !== undefined) {
      const given = { authority: this.#authority, foreign: this.#foreign, csr, leaf, now: this.#clock() };
      const bad = await make(given);
      // Neither API has a place for a CA certificate beside the chain: it follows in the same text.
      return typeof bad === "string" ? bad : bad.pem + (bad.ca ?? "");
    }
    if (chain === "leaf-only") return leaf.pem;
    const certificates = [leaf, intermediate.certificate, root.certificate];
    if (chain === "root-first") certificates.reverse();
    return certificates.map(({ pem }) => pem).join("");
  }
}

/** The one line that a CA's refusal leaves; rethrows what is no refusal. */
export function refusalOf(error: unknown): string {
  if (error instanceof SignerError) return error.message;
  throw error;
}
