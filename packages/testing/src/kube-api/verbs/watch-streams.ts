import type { ServerResponse } from "node:http";

/** Which open watches an action is about; an absent member matches all. */
export interface WatchFilter {
  readonly group?: string;
  readonly resource?: string;
}

/** One open watch. */
export interface WatchStream {
  readonly group: string;
  readonly resource: string;
  readonly response: ServerResponse;
  /** Ends the stream in good order. */
  end(): void;
  /** Sends a Status as the stream's ERROR event, then ends. */
  fail(code: number, reason: string, message: string): void;
}

/** All open watches of the server, so that it can end them and tests can cut them. */
export class WatchStreams {
  readonly #open = new Set<WatchStream>();

  /** How many watches are open. */
  get size(): number {
    return this.#open.size;
  }

  add(stream: WatchStream): void {
    this.#open.add(stream);
  }

  delete(stream: WatchStream): void {
    this.#open.delete(stream);
  }

  /** The open watches that a filter matches. */
  matching({ group, resource }: WatchFilter = {}): readonly WatchStream[] {
    return [...this.#open].filter(
      (stream) =>
        (group === undefined || stream.group === group) &&
        (resource === undefined || stream.resource === resource),
    );
  }
}
