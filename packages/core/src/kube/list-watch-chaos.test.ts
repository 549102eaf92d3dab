import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Thing, thing, thingType } from "./collection-fixture.ts";
import { startInformer } from "./informer.ts";
import { objectKey } from "./object-key.ts";
import { failure, json, reset, ScriptedServer, type SeenRequest } from "./scripted-server-fixture.ts";

/** A repeatable sequence of numbers in [0, 1). */
function chanceOf(seed: number) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A collection with a history, served by a server that fails in every way it knows while `faulty`. */
class FaultyCollection {
  readonly objects = new Map<string, Thing>();
  readonly #history: { readonly version: number; readonly line: string }[] = [];
  readonly #watchers = new Set<ServerResponse>();
  readonly #snapshots = new Map<string, Thing[]>();
  readonly #chance: () => number;
  #version = 1;
  #compacted = 0;
  faulty = true;

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  change(): void {
    this.#version += 1;
    const name = `t${Math.floor(this.#chance() * 12)}`;
    const known = this.objects.get(name);
    const uid = known?.metadata.uid ?? `uid-${this.#version}`;
    const object = thing(name, this.#version, { uid });
    const gone = known !== undefined && this.#chance() < 0.4;
    if (gone) this.objects.delete(name);
    else this.objects.set(name, object);
    const type = gone ? "DELETED" : known === undefined ? "ADDED" : "MODIFIED";
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#history.push({ version: this.#version, line });
    if (this.#chance() < 0.1) this.#compacted = this.#version - Math.floor(this.#chance() * 5);
    for (const watcher of this.#watchers) this.#send(watcher, line);
  }

  answer(response: ServerResponse, request: SeenRequest) {
    if (this.#fault(0.25)) {
      if (this.#chance() < 0.4) return reset(response);
      return failure(response, [429, 500, 503, 504][Math.floor(this.#chance() * 4)] ?? 500, "Trouble");
    }
    return request.query.has("watch") ? this.#watch(response, request) : this.#list(response, request);
  }

  #list(response: ServerResponse, { query }: SeenRequest) {
    const limit = Number(query.get("limit") ?? 1_000);
    const token = query.get("continue");
    if (token !== null && this.#fault(0.1)) return failure(response, 410, "Expired");
    const [version = "", from = "0"] = token?.split(":") ?? [String(this.#version)];
    const all = this.#snapshots.get(version) ?? [...this.objects.values()];
    this.#snapshots.set(version, all);
    const end = Number(from) + limit;
    const next = end < all.length ? { continue: `${version}:${end}` } : {};
    json(response, 200, {
      metadata: { resourceVersion: version, ...next },
      items: all.slice(Number(from), end),
    });
  }

  #watch(response: ServerResponse, { query }: SeenRequest) {
    const from = Number(query.get("resourceVersion"));
    if (from < this.#compacted && this.#chance() < 0.5) return failure(response, 410, "Expired");
    response.writeHead(200).flushHeaders();
    if (from < this.#compacted) {
      response.end('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
      return;
    }
    for (const { version, line } of this.#history) if (version > from) this.#send(response, line);
    this.#watchers.add(response);
    response.on("close", () => this.#watchers.delete(response));
  }

  /** Sends a line whole, in pieces, or broken in one of many ways. */
  #send(response: ServerResponse, line: string): void {
    if (response.destroyed || response.writableEnded) return;
    const cut = Math.floor(this.#chance() * line.length);
    if (!this.#fault(0.08)) {
      response.write(line.slice(0, cut));
      response.write(line.slice(cut));
      return;
    }
    const breaks: (() => void)[] = [
      () => reset(response),
      () => response.end(line.slice(0, cut)),
      () => response.end(line),
      () => response.write(`${line.slice(0, cut)}\n`),
      () => response.write('{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd"}}\n'),
      () => this.#watchers.delete(response),
    ];
    this.#watchers.delete(response);
    breaks[Math.floor(this.#chance() * breaks.length)]?.();
  }

  #fault(probability: number): boolean {
    return this.faulty && this.#chance() < probability;
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "whatever the server does wrong, the store ends equal to the collection (seed %i)",
  async (seed) => {
    const chance = chanceOf(seed * 7_919);
    const collection = new FaultyCollection(chance);
    await using server = await ScriptedServer.start((...args) => collection.answer(...args));
    const informer = startInformer<Thing>({
      transport: server.transport(),
      type: thingType,
      timing: {
        pageSize: 4,
        idleTimeoutMs: 60,
        backoff: { initialMs: 2, maxMs: 10 },
        settledMs: 20,
        healthyMs: 1_000,
      },
    });
    const rebuilt = new Map<string, Thing>();
    informer.store.onChange(({ type, object, previous }) => {
      const key = objectKey(object);
      expect(rebuilt.get(key)).toBe(previous);
      if (type === "deleted") rebuilt.delete(key);
      else rebuilt.set(key, object);
    });

    for (let i = 0; i < 150; i += 1) {
      collection.change();
      if (i % 3 === 0) await sleep(2);
    }
    collection.faulty = false;
    collection.change();

    const state = (objects: Iterable<Thing>) =>
      [...objects]
        .map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`)
        .sort();
    await expect
      .poll(() => state(informer.store.list()), { timeout: 5_000, interval: 20 })
      .toEqual(state(collection.objects.values()));
    expect(state(rebuilt.values())).toEqual(state(collection.objects.values()));
    await informer.stop();
  },
);
