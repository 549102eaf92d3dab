import type { ServerResponse } from "node:http";
import { type Informer, type InformerOptions, startInformer } from "./informer.ts";
import type { ListWatchTiming, ListWatchTrouble } from "./list-watch.ts";
import { json, type Script, ScriptedServer } from "./scripted-server-fixture.ts";
import type { StoreChange } from "./store.ts";
import type { KubeObject, ResourceType } from "./types.ts";

export const thingType: ResourceType = {
  group: "example.com",
  version: "v1",
  kind: "Thing",
  plural: "things",
  namespaced: true,
};

export interface Thing extends KubeObject {
  readonly spec?: { readonly color?: string };
}

/** Back-offs short enough for a test, in the same proportions. */
export const testTiming: Partial<ListWatchTiming> = {
  backoff: { initialMs: 20, maxMs: 100 },
  settledMs: 1_000,
  healthyMs: 10_000,
};

export function thing(name: string, version: number, more: Partial<Thing> & { uid?: string } = {}): Thing {
  const { uid = `uid-${name}`, ...rest } = more;
  return {
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: {
      name,
      namespace: "ns",
      uid,
      resourceVersion: String(version),
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    ...rest,
  };
}

/** Answers a list. */
export function list(items: readonly unknown[], version: number | string, next?: string): Script {
  return (response) =>
    json(response, 200, {
      kind: "ThingList",
      metadata: { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) },
      items,
    });
}

/** Opens a watch and sends events; it stays open. */
export function events(...lines: readonly [type: string, object: unknown][]): Script {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    send(response, ...lines);
  };
}

export function send(response: ServerResponse, ...lines: readonly [type: string, object: unknown][]): void {
  for (const [type, object] of lines) response.write(`${JSON.stringify({ type, object })}\n`);
}

export function bookmark(version: number): [string, unknown] {
  return ["BOOKMARK", { kind: "Thing", metadata: { resourceVersion: String(version) } }];
}

/**
 * A collection that answers its lists and its watches from two scripts, one entry after the other; the last entry of
 * each is for all that follow.
 */
export async function startCollection(lists: readonly Script[], watches: readonly Script[]) {
  const seen = { lists: [] as URLSearchParams[], watches: [] as URLSearchParams[] };
  const open: ServerResponse[] = [];
  const server = await ScriptedServer.start((response, request) => {
    const isWatch = request.query.has("watch");
    const turn = isWatch ? seen.watches : seen.lists;
    const scripts = isWatch ? watches : lists;
    const script = scripts[Math.min(turn.length, scripts.length - 1)];
    turn.push(request.query);
    if (isWatch) open.push(response);
    return script?.(response, request);
  });
  const informers: Informer<Thing>[] = [];
  const troubles: ListWatchTrouble[] = [];
  const changes: string[] = [];
  return {
    server,
    seen,
    /** What was reported. */
    troubles,
    /** Changes as `+a@1`, `~a@2`, `-a@2`; listed ones with a trailing `*`. */
    changes,
    /** The response of the latest watch. */
    get watch(): ServerResponse {
      const last = open.at(-1);
      if (last === undefined) throw new Error("no watch is open");
      return last;
    },
    inform(options: Partial<InformerOptions<Thing>> = {}): Informer<Thing> {
      const informer = startInformer<Thing>({
        transport: options.transport ?? server.transport(),
        type: thingType,
        timing: testTiming,
        onTrouble: (trouble) => troubles.push(trouble),
        ...options,
      });
      informer.store.onChange((change) => changes.push(shortly(change)));
      informers.push(informer);
      return informer;
    },
    async [Symbol.asyncDispose]() {
      for (const informer of informers) await informer.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

function shortly({ type, object, listed }: StoreChange<Thing>): string {
  const sign = { added: "+", updated: "~", deleted: "-" }[type];
  return `${sign}${object.metadata.name}@${object.metadata.resourceVersion}${listed ? "*" : ""}`;
}
