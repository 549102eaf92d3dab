import type { IssuerDefinition, SignRequest } from "@countersign/issuer-core";

/** Counts every call of `sign` below the SDK: what an issuer's PKI would have in its books. */
export class SignLedger {
  readonly #calls = new Map<string, number>();
  readonly #hooks = new Map<string, () => Promise<void> | void>();

  /** Calls of `sign` for the request. */
  calls(namespace: string, name: string): number {
    return this.#calls.get(`${namespace}/${name}`) ?? 0;
  }

  /** Runs `hook` whenever the request is about to be signed. */
  before(namespace: string, name: string, hook: () => Promise<void> | void): void {
    this.#hooks.set(`${namespace}/${name}`, hook);
  }

  /** The same definition with its signers under observation. */
  observe(definition: IssuerDefinition): IssuerDefinition {
    return {
      ...definition,
      connect: async (context) => {
        const signer = await definition.connect(context);
        return {
          ...signer,
          sign: async (request, options) => {
            await this.#note(request);
            return signer.sign(request, options);
          },
        };
      },
    };
  }

  async #note({ namespace, name }: SignRequest): Promise<void> {
    const key = `${namespace}/${name}`;
    this.#calls.set(key, (this.#calls.get(key) ?? 0) + 1);
    await this.#hooks.get(key)?.();
  }
}
