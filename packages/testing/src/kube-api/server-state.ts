import type { Authorizer } from "./auth/authorizer.ts";
import type { Tokens } from "./auth/tokens.ts";
import { kubeTime } from "./kube-object.ts";
import type { Registry } from "./registry/registry.ts";
import type { Revision } from "./store/revision.ts";
import type { WatchStreams } from "./verbs/watch-streams.ts";

/** What all requests of one server share. */
export class ServerState {
  readonly clock: () => Date;
  readonly revision: Revision;
  readonly registry: Registry;
  readonly tokens: Tokens;
  readonly authorizer: Authorizer;
  readonly watches: WatchStreams;
  /** Milliseconds between bookmarks of one watch. */
  readonly bookmarkIntervalMs: number;
  #second = Number.NaN;
  #text = "";

  constructor(parts: Omit<ServerState, "now">) {
    this.clock = parts.clock;
    this.revision = parts.revision;
    this.registry = parts.registry;
    this.tokens = parts.tokens;
    this.authorizer = parts.authorizer;
    this.watches = parts.watches;
    this.bookmarkIntervalMs = parts.bookmarkIntervalMs;
  }

  /** The time in Kubernetes' form; the text is made once a second. */
  now(): string {
    const date = this.clock();
    const second = Math.floor(date.getTime() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = kubeTime(date);
    }
    return this.#text;
  }
}
