import type { Clock } from "@countersign/issuer-signer";
import { isSuccess } from "./ejbca-answer.ts";
import type { EjbcaSession } from "./ejbca-session.ts";
import { readVersion, type ServerVersion } from "./server-version.ts";

/** An upgrade is seen after this, in milliseconds, where no check comes before. */
const keptMs = 600_000;

/** What version the server is; asked once, without a login, and again after a while. */
export class ServerInfo {
  readonly #session: EjbcaSession;
  readonly #clock: Pick<Clock, "monotonic">;
  #version: ServerVersion | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(session: EjbcaSession, clock: Pick<Clock, "monotonic">) {
    this.#session = session;
    this.#clock = clock;
  }

  /** The version as it was last told; undefined where it is not told. Rejects only when `signal` fires. */
  async version(signal: AbortSignal): Promise<ServerVersion | undefined> {
    if (this.#clock.monotonic() - this.#askedAt < keptMs) return this.#version;
    try {
      return await this.refresh(signal);
    } catch {
      signal.throwIfAborted();
      return this.#version;
    }
  }

  /** Asks now. Rejects as the session does. */
  async refresh(signal: AbortSignal): Promise<ServerVersion | undefined> {
    const answer = await this.#session.call({ method: "GET", path: "v1/ca/status", signal });
    this.#version = isSuccess(answer) ? readVersion(answer.json?.revision) : undefined;
    this.#askedAt = this.#clock.monotonic();
    return this.#version;
  }
}
