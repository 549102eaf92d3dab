import type { ClientRequestArgs } from "node:http";
import { Agent } from "node:https";
import type { Duplex } from "node:stream";
import { Trouble } from "./http-failure.ts";

type Created = (error: Error | null, socket: Duplex) => void;

/**
 * An agent of one socket that is open already. When that is gone every request fails: a second socket would not be the
 * one that the server authenticated.
 */
export class PinnedAgent extends Agent {
  #socket: Duplex | undefined;

  constructor(socket: Duplex, idleTimeoutMs: number) {
    super({ keepAlive: true, maxSockets: 1, timeout: idleTimeoutMs });
    this.#socket = socket;
  }

  override createConnection(_options: ClientRequestArgs, created?: Created): undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined && !socket.destroyed) created?.(null, socket);
    else (created as ((error: Error) => void) | undefined)?.(closed());
    return undefined;
  }
}

function closed(): Trouble {
  return new Trouble("reset", "the connection has been closed.");
}
