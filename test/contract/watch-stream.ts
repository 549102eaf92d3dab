import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { KubeObject } from "./answer.ts";

/** One line of a watch. The object of an ERROR event is a Status. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject;
}

/** Reads the events of one open watch in order. */
export class WatchStream {
  readonly #response: IncomingMessage;
  readonly #record: (event: unknown) => void;
  readonly #queue: WatchEvent[] = [];
  #done = false;
  #wake: () => void = () => {};

  constructor(response: IncomingMessage, record: (event: unknown) => void) {
    this.#response = response;
    this.#record = record;
    const lines = createInterface({ input: response });
    lines.on("line", (line) => {
      this.#queue.push(JSON.parse(line) as WatchEvent);
      this.#wake();
    });
    const end = () => {
      this.#done = true;
      this.#wake();
    };
    lines.on("close", end);
    response.on("error", end);
  }

  /** The next event; throws when none comes within `timeoutMs` or the stream ends first. */
  async next(timeoutMs = 10_000): Promise<WatchEvent> {
    const event = await this.#take(timeoutMs);
    if (event === "end") throw new Error("the watch ended before the expected event");
    if (event === "timeout") throw new Error(`no watch event within ${timeoutMs} ms`);
    return event;
  }

  /** The next `count` events. */
  async take(count: number): Promise<readonly WatchEvent[]> {
    const events: WatchEvent[] = [];
    while (events.length < count) events.push(await this.next());
    return events;
  }

  /** Events until the server ends the stream; throws when it does not within `timeoutMs`. */
  async rest(timeoutMs = 10_000): Promise<readonly WatchEvent[]> {
    const deadline = performance.now() + timeoutMs;
    const events: WatchEvent[] = [];
    for (;;) {
      const event = await this.#take(deadline - performance.now());
      if (event === "end") return events;
      if (event === "timeout") throw new Error(`the watch did not end within ${timeoutMs} ms`);
      events.push(event);
    }
  }

  /** Ends the watch from the client's side. */
  close(): void {
    this.#response.destroy();
  }

  async #take(timeoutMs: number): Promise<WatchEvent | "end" | "timeout"> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const event = this.#queue.shift();
      if (event !== undefined) {
        this.#record(event);
        return event;
      }
      if (this.#done) return "end";
      const left = deadline - performance.now();
      if (left <= 0) return "timeout";
      await this.#change(left);
    }
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
