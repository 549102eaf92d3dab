import {
  buildCertificate,
  buildCsr,
  deterministicSerial,
  type Issued,
  IssuerError,
  issued,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  pending,
  RetryableError,
  type Signer,
  type SignRequest,
  softwareCaSigner,
} from "@countersign/issuer-signer";

/** How the PKI of one issuer behaves. `losing`: it issues, and every other answer is lost. */
export type PkiMode = "ok" | "slow" | "down" | "losing" | "unauthorized" | "hung" | "pending";

/** What the signer promises. */
export type SignerKind = "idempotent" | "find" | "plain";

/** What a name of a request stands for; made once, since it is what takes the time. */
export interface Issuable {
  readonly csr: string;
  readonly chain: string;
}

interface Operation {
  readonly id: string;
}

/** A CSR and its certificate for each name. */
export async function issuables(names: readonly string[]): Promise<ReadonlyMap<string, Issuable>> {
  const now = Date.now();
  const dates = { notBefore: new Date(now), notAfter: new Date(now + 90 * 86_400_000) };
  const ca = newSelfSignedCa({
    commonName: "CA",
    notBefore: new Date(now - 1e9),
    notAfter: new Date(now + 1e12),
  });
  const made = names.map(async (name) => {
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const csr = await buildCsr({ key, commonName: name, dnsNames: [`${name}.example.com`] });
    const certificate = await buildCertificate({
      csr: parseCsr(csr),
      caCertificate: ca.certificate,
      signer: softwareCaSigner(ca.key),
      serial: deterministicSerial(name),
      ...dates,
      isCA: false,
      usages: ["digital signature", "key encipherment"],
    });
    return [name, { csr, chain: certificate.pem + ca.certificate.pem }] as const;
  });
  return new Map(await Promise.all(made));
}

/** The PKIs of all issuers of a simulated world, and what they have issued. */
export class SimulatedPki {
  readonly #kind: SignerKind;
  readonly #issuables: ReadonlyMap<string, Issuable>;
  readonly #random: () => number;
  readonly #orders = new Map<string, number>();
  /** By the name of the issuer; `ok` where there is none. */
  readonly modes = new Map<string, PkiMode>();
  /** How often it has issued, by the uid of the request. */
  readonly ledger = new Map<string, number>();

  constructor(kind: SignerKind, all: ReadonlyMap<string, Issuable>, random: () => number) {
    this.#kind = kind;
    this.#issuables = all;
    this.#random = random;
  }

  /** The signer of an issuer. */
  signer(issuer: string): Signer<Operation> {
    return {
      idempotent: this.#kind === "idempotent",
      check: ({ signal }) => this.#weather(issuer, signal),
      sign: async (request, { operation, signal, attemptId: id }) => {
        await this.#weather(issuer, signal);
        if (operation === undefined && this.modes.get(issuer) === "pending") {
          this.#orders.set(id, Date.now() + 2_000);
          return pending({ operation: { id }, retryAfterMs: 1_000 });
        }
        if (operation !== undefined && (this.#orders.get(operation.id) ?? 0) > Date.now()) {
          return pending({ operation, retryAfterMs: 1_000 });
        }
        // To collect an order again is no second certificate.
        const outcome = this.#issue(request, this.#kind === "idempotent" || operation !== undefined);
        if (this.modes.get(issuer) === "losing" && this.#random() < 0.5) throw new RetryableError("reset");
        return outcome;
      },
      ...(this.#kind === "find" && {
        find: async (request: SignRequest, { signal }: { readonly signal: AbortSignal }) => {
          await this.#weather(issuer, signal);
          return this.ledger.has(request.uid) ? this.#answer(request) : undefined;
        },
      }),
    };
  }

  async #weather(issuer: string, signal: AbortSignal): Promise<void> {
    switch (this.modes.get(issuer)) {
      case "slow":
        return new Promise((resolve) => setTimeout(resolve, this.#random() * 3_000));
      case "hung":
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      case "down":
        throw new RetryableError("503", { issuedNothing: true });
      case "unauthorized":
        throw new IssuerError("401");
    }
  }

  #issue(request: SignRequest, once: boolean): Issued {
    const before = this.ledger.get(request.uid) ?? 0;
    this.ledger.set(request.uid, once ? Math.max(1, before) : before + 1);
    return this.#answer(request);
  }

  #answer({ name }: SignRequest): Issued {
    return issued({ chain: this.#issuables.get(name)?.chain ?? "" });
  }
}
