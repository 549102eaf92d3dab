import type { ServerResponse } from "node:http";
import { type Encoder, watchLine } from "../http/encoder.ts";
import { expired, StatusError } from "../status-error.ts";
import type { StoreEvent } from "../store/event-log.ts";
import { type ApiRequest, keyNamespace } from "./api-request.ts";
import { type ListOptions, readListOptions } from "./list-options.ts";
import { seenAs, type WatchEvent } from "./watch-events.ts";
import type { WatchStream } from "./watch-streams.ts";

/** A watcher that leaves this many bytes unread is cut off; the real server drops slow watchers as well. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/** Without timeoutSeconds the real server ends a watch after 30 to 60 minutes. */
const DEFAULT_TIMEOUT_SECONDS = 1800;

/** A watch with a time limit gets a last bookmark so long before its end. */
const LAST_BOOKMARK_MS = 2000;

/** Where a watch begins: events to send at once, or the reason why it cannot. */
interface Start {
  readonly events: readonly WatchEvent[];
  readonly error?: StatusError;
}

/** WATCH: streams JSON events, one a line, until the client leaves or the time is over. */
export function watch(request: ApiRequest, response: ServerResponse, encoder: Encoder, muted: boolean): void {
  const options = readListOptions(request);
  const start = startOf(request, options);
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  if (muted) return;
  if (start.error) {
    response.end(watchLine("ERROR", start.error.status));
    return;
  }
  stream(request, response, encoder, options, start.events);
}

function stream(
  request: ApiRequest,
  response: ServerResponse,
  encoder: Encoder,
  options: ListOptions,
  initial: readonly WatchEvent[],
): void {
  const { state, resource } = request;
  const namespace = keyNamespace(request);
  const send = (line: string) => {
    response.write(line);
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  };
  const bookmark = (initialEventsEnd: boolean) =>
    send(encoder.bookmark(state.revision.current, initialEventsEnd));
  for (const event of initial) send(encoder.change(event));
  if (options.sendInitialEvents && options.bookmarks) bookmark(true);

  const unsubscribe = resource.store.subscribe((event) => {
    const seen = seenAs(event, namespace, options.selects);
    if (seen) send(encoder.change(seen));
  });
  const untilLastBookmark = (options.timeoutSeconds ?? 0) * 1000 - LAST_BOOKMARK_MS;
  const lastBookmark =
    options.bookmarks && untilLastBookmark > 0
      ? setTimeout(() => bookmark(false), untilLastBookmark)
      : undefined;
  const bookmarks = options.bookmarks
    ? setInterval(() => bookmark(false), state.bookmarkIntervalMs)
    : undefined;
  const seconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const timeout = setTimeout(() => own.end(), Math.min(seconds * 1000, 2 ** 31 - 1));
  const own: WatchStream = {
    group: resource.group,
    resource: resource.plural,
    response,
    end: () => response.end(),
    fail(code, reason, message) {
      response.end(watchLine("ERROR", new StatusError(code, reason, message).status));
    },
  };
  state.watches.add(own);
  response.once("close", () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(lastBookmark);
    clearTimeout(timeout);
    state.watches.delete(own);
  });
}

function startOf(request: ApiRequest, options: ListOptions): Start {
  const { store } = request.resource;
  const namespace = keyNamespace(request);
  const { revision, selects, sendInitialEvents } = options;
  if (sendInitialEvents ?? (revision === undefined || revision === 0)) {
    const current = store.list(namespace).filter(({ object }) => selects?.(object) ?? true);
    return { events: current.map((stored) => ({ type: "ADDED", stored })) };
  }
  if (revision === undefined || revision === 0) return { events: [] };
  const missed = store.since(revision);
  if (!missed)
    return { events: [], error: expired(`too old resource version: ${revision} (${store.floor + 1})`) };
  return {
    events: missed
      .map((event: StoreEvent) => seenAs(event, namespace, selects))
      .filter((event) => event !== undefined),
  };
}
