import {
  type ConnectContext,
  IssuerError,
  PermanentError,
  type SecretKeyRef,
  type Signer,
} from "@countersign/issuer-signer";
import { secretKeyRef } from "@countersign/issuer-signer/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import type { Condition, IssuerObject, Secret } from "../kube/types.ts";
import { type IssuerChecked, Lifecycle } from "../lifecycle/lifecycle.ts";
import { IssuerReconciler } from "./issuer-reconciler.ts";
import { noServiceAccountTokens } from "./service-account-tokens.ts";

type Spec = { url: string; tokenSecretRef: SecretKeyRef };
type Context = ConnectContext<Spec, { token: SecretKeyRef }, Readonly<Record<never, never>>, "token">;
type Connect = (context: Context) => Signer<undefined>;

const okSigner = { check: async () => {}, sign: () => Promise.reject(new Error("not used")) };

function connectionOf(reconciler: IssuerReconciler, issuer: IssuerObject | undefined) {
  const connection = issuer && reconciler.connection("key", issuer);
  if (connection === undefined) throw new Error("not connected");
  return connection;
}

/** One issuer object and one Secret, as the caches would show them; what is written shows at once. */
function fixture(
  connect: Connect = () => okSigner,
  more: { scope?: "Cluster"; checkTimeoutMs?: number; saves?: readonly "token"[] } = {},
) {
  const definition = defineIssuer({
    group: "pki.example.com",
    version: "v1alpha1",
    kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
    spec: z.object({ url: z.url(), tokenSecretRef: secretKeyRef({ defaultKey: "token" }) }),
    secrets: (spec) => ({ token: spec.tokenSecretRef }),
    savesCredentials: more.saves,
    connect,
  });
  const kind = definition.kinds.find(({ scope }) => scope === (more.scope ?? "Namespaced"));
  if (kind === undefined) throw new Error("no such kind");
  const namespace = more.scope === "Cluster" ? "" : "team";
  const world = {
    issuer: {
      apiVersion: "pki.example.com/v1alpha1",
      kind: kind.kind,
      metadata: {
        name: "acme",
        namespace,
        uid: "u1",
        resourceVersion: "1",
        generation: 1,
        creationTimestamp: "2026-05-01T00:00:00Z",
      },
      spec: { url: "https://pki.example.com", tokenSecretRef: { name: "acme-token" } },
      status: { conditions: [] as readonly Condition[] },
    } as IssuerObject | undefined,
    secrets: new Map<string, Secret>(),
    writes: [] as Condition[],
    checked: [] as IssuerChecked[],
    forgotten: [] as string[],
    now: Date.parse("2026-05-01T12:00:00Z"),
    ignores: () => false,
    /** What a read past the cache brings. */
    refresh: () => {},
    version: 1,
    /** Whether a confirmed write shows in the cache at once. */
    cacheFollows: true,
    setToken(value: string, resourceVersion: string) {
      world.secrets.set("team/acme-token", {
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
          name: "acme-token",
          uid: "s1",
          resourceVersion,
          creationTimestamp: "2026-05-01T00:00:00Z",
        },
        data: { token: Buffer.from(value).toString("base64") },
      });
    },
    setSpec(spec: unknown) {
      if (world.issuer === undefined) return;
      const { metadata } = world.issuer;
      world.issuer = {
        ...world.issuer,
        metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
        spec,
      };
    },
  };
  world.setToken("t0ken", "10");
  const lifecycle = new Lifecycle();
  lifecycle.on("issuer:checked", (step) => world.checked.push(step));
  const reconciler = new IssuerReconciler({
    definition,
    lifecycle,
    clusterResourceNamespace: "countersign-system",
    checkTimeoutMs: more.checkTimeoutMs ?? 1000,
    userAgent: "test",
    http: {},
    clock: () => world.now,
    ports: {
      issuer: () => world.issuer,
      ignores: async () => world.ignores(),
      secrets: async (owner, where, names) => {
        if (names.length === 0) world.forgotten.push(owner);
        const found = names.map((name) => [name, world.secrets.get(`${where}/${name}`)] as const);
        return new Map(found.filter((entry): entry is [string, Secret] => entry[1] !== undefined));
      },
      configMaps: async () => new Map(),
      tokens: () => noServiceAccountTokens,
      refreshSecrets: async () => world.refresh(),
      saveSecret: async ({ name, resourceVersion, data }) => {
        const token = Buffer.from(data.token ?? "", "base64").toString();
        world.setToken(token, String(Number(resourceVersion) + 1));
        const saved = world.secrets.get(`team/${name}`);
        if (saved === undefined) throw new Error("no such Secret");
        return saved;
      },
      applyStatus: async (_, issuer, status) => {
        const { conditions } = status as { conditions: Condition[] };
        world.writes.push(...conditions);
        world.version += 1;
        const metadata = { ...issuer.metadata, resourceVersion: String(world.version) };
        const after = { ...issuer, metadata, status: { conditions } };
        if (world.cacheFollows) world.issuer = after;
        return after;
      },
    },
  });
  const look = () => reconciler.reconcile("key", kind, namespace, "acme", new AbortController().signal);
  return { world, reconciler, look };
}

describe("IssuerReconciler", () => {
  test("success-issuer: Ready=True/Checked with observedGeneration", async () => {
    const { world, look } = fixture();
    expect(await look()).toBe("settled");
    expect(world.writes).toEqual([
      {
        type: "Ready",
        status: "True",
        reason: "Checked",
        message: "Succeeded checking the issuer",
        observedGeneration: 1,
        lastTransitionTime: "2026-05-01T12:00:00Z",
      },
    ]);
  });

  test("writes nothing when a later check finds the same", async () => {
    const { world, look } = fixture();
    await look();
    await look();
    expect(world.writes).toHaveLength(1);
    expect(world.checked).toHaveLength(2);
  });

  test("R3: a condition that the cache still shows is written again, when another was written since", async () => {
    let healthy = true;
    const { world, look } = fixture(() => ({
      ...okSigner,
      async check() {
        if (!healthy) throw new IssuerError("token refused");
      },
    }));
    await look();
    world.cacheFollows = false;
    healthy = false;
    await look();
    healthy = true;
    await look();
    expect(world.writes.map(({ status }) => status)).toEqual(["True", "False", "True"]);
    await look();
    expect(world.writes).toHaveLength(3);
  });

  test("what the cache shows counts, as soon as it is past the last write", async () => {
    const { world, look } = fixture();
    await look();
    const { issuer } = world;
    if (issuer === undefined) throw new Error("the issuer should be there");
    world.issuer = { ...issuer, metadata: { ...issuer.metadata, resourceVersion: "9" }, status: {} };
    await look();
    expect(world.writes).toHaveLength(2);
  });

  test("gives the signer the parsed spec with defaults, and the Secret's value", async () => {
    const seen: unknown[] = [];
    const { look } = fixture(({ spec, secrets, issuer }) => {
      seen.push(spec, secrets, issuer);
      return okSigner;
    });
    await look();
    expect(seen).toEqual([
      { url: "https://pki.example.com", tokenSecretRef: { name: "acme-token", key: "token" } },
      { token: "t0ken" },
      { group: "pki.example.com", kind: "AcmeIssuer", name: "acme", namespace: "team", uid: "u1" },
    ]);
  });

  test("a cluster issuer reads its Secret from the cluster-resource namespace only", async () => {
    const { world, look } = fixture(undefined, { scope: "Cluster" });
    expect(await look()).toBe("retry");
    expect(world.writes[0]?.message).toContain("Secret countersign-system/acme-token not found");
  });

  test("recheck-outdated-ready: a new generation is observed, lastTransitionTime is kept", async () => {
    const { world, look } = fixture();
    await look();
    world.setSpec({ url: "https://other.example.com", tokenSecretRef: { name: "acme-token" } });
    world.now += 60_000;
    await look();
    expect(world.writes[1]).toMatchObject({
      observedGeneration: 2,
      lastTransitionTime: "2026-05-01T12:00:00Z",
    });
  });

  test("connects once for one version of spec and Secret, and anew when the Secret changes", async () => {
    const tokens: string[] = [];
    const { world, look } = fixture(({ secrets }) => {
      tokens.push(secrets.token);
      return okSigner;
    });
    await look();
    await look();
    world.setToken("rotated", "11");
    await look();
    expect(tokens).toEqual(["t0ken", "rotated"]);
  });

  test("keeps the signer that has saved a new value, and makes one for somebody else's", async () => {
    const contexts: Context[] = [];
    const { world, look, reconciler } = fixture(
      (context) => {
        contexts.push(context);
        return okSigner;
      },
      { saves: ["token"] },
    );
    await look();
    const { signal } = new AbortController();
    await contexts[0]?.credentials.save({ token: "renewed" }, { signal });
    const saved = world.secrets.get("team/acme-token") as Secret;
    expect(saved.metadata.resourceVersion).toBe("11");
    expect(reconciler.knows("key", saved)).toBe(true);
    await look();
    expect(contexts).toHaveLength(1);
    world.setToken("theirs", "12");
    expect(reconciler.knows("key", world.secrets.get("team/acme-token") as Secret)).toBe(false);
    await look();
    expect(contexts.map(({ secrets }) => secrets.token)).toEqual(["t0ken", "theirs"]);
  });

  test("hands what was saved to the signer of the next version of the spec", async () => {
    const tokens: string[] = [];
    const { world, look } = fixture(
      ({ secrets, credentials }) => {
        tokens.push(secrets.token);
        return {
          ...okSigner,
          check: ({ signal }) => credentials.save({ token: `${secrets.token}+` }, { signal }),
        };
      },
      { saves: ["token"] },
    );
    await look();
    world.setSpec({ url: "https://b.example.com", tokenSecretRef: { name: "acme-token" } });
    await look();
    expect(tokens).toEqual(["t0ken", "t0ken+"]);
  });

  test("R11: begins with what another process has saved, though the cache is behind it", async () => {
    const tokens: string[] = [];
    const { world, look } = fixture(
      ({ secrets }) => {
        tokens.push(secrets.token);
        return okSigner;
      },
      { saves: ["token"] },
    );
    world.refresh = () => world.setToken("saved by another", "11");
    await look();
    expect(tokens).toEqual(["saved by another"]);
    world.refresh = () => {
      throw new Error("must not be asked while nothing changes");
    };
    await look();
    expect(tokens).toHaveLength(1);
  });

  test("a definition that saves nothing is told so, whatever the RBAC says", async () => {
    const { world, look } = fixture(({ credentials }) => ({
      ...okSigner,
      check: ({ signal }) => (credentials as Context["credentials"]).save({ token: "x" }, { signal }),
    }));
    expect(await look()).toBe("retry");
    expect(world.writes[0]?.message).toContain("the definition has no `savesCredentials`");
    expect(world.secrets.get("team/acme-token")?.metadata.resourceVersion).toBe("10");
  });

  test("closes a replaced signer only after its last call has ended", async () => {
    const log: string[] = [];
    const { world, look, reconciler } = fixture(({ secrets }) => ({
      ...okSigner,
      close: async () => void log.push(`closed ${secrets.token}`),
    }));
    await look();
    const issuer = world.issuer as IssuerObject;
    const { promise: running, resolve: end } = Promise.withResolvers<void>();
    const call = reconciler.connection("key", issuer)?.use(() => running);
    world.setToken("rotated", "11");
    await look();
    expect(log).toEqual([]);
    end();
    await call;
    await reconciler.stop();
    expect(log).toEqual(["closed t0ken", "closed rotated"]);
  });

  test("retry-on-error: Ready=False/Pending, then success-recover", async () => {
    let broken = true;
    const { world, look } = fixture(() => ({
      ...okSigner,
      check: async () => {
        if (broken) throw new IssuerError("token refused");
      },
    }));
    expect(await look()).toBe("retry");
    expect(world.writes[0]).toMatchObject({
      status: "False",
      reason: "Pending",
      message: "Not ready yet: token refused",
    });
    broken = false;
    expect(await look()).toBe("settled");
    expect(world.writes[1]).toMatchObject({ status: "True", reason: "Checked" });
  });

  test("dont-retry-on-permanent-error: Ready=False/Failed", async () => {
    const { world, look } = fixture(() => {
      throw new PermanentError("no such CA");
    });
    expect(await look()).toBe("stuck");
    expect(world.writes[0]).toMatchObject({
      status: "False",
      reason: "Failed",
      message: "Failed permanently: no such CA",
    });
  });

  test("ready-reported-error: a fault that sign met makes the issuer not-Ready until the next check", async () => {
    const { world, look, reconciler } = fixture();
    await look();
    reconciler.report("key", new IssuerError("401 from the PKI"), connectionOf(reconciler, world.issuer));
    expect(await look()).toBe("retry");
    expect(world.writes[1]).toMatchObject({ status: "False", message: "Not ready yet: 401 from the PKI" });
    expect(await look()).toBe("settled");
  });

  test("a fault that sign met with a withdrawn token says nothing of the new one", async () => {
    const { world, look, reconciler } = fixture();
    await look();
    const old = connectionOf(reconciler, world.issuer);
    world.setToken("new", "2");
    reconciler.report("key", new IssuerError("401 from the PKI"), old);
    expect(await look()).toBe("settled");
    expect(world.writes).toHaveLength(1);
  });

  test("names the fields of a spec that is not valid", async () => {
    const { world, look } = fixture();
    world.setSpec({ url: "nonsense", tokenSecretRef: {} });
    await look();
    expect(world.writes[0]?.message).toMatch(/spec\.url: .*spec\.tokenSecretRef\.name: /);
  });

  test.each([
    [
      "a missing Secret",
      (world: ReturnType<typeof fixture>["world"]) => world.secrets.clear(),
      "Secret team/acme-token not found",
    ],
    [
      "a missing key",
      (world: ReturnType<typeof fixture>["world"]) =>
        world.setSpec({ url: "https://a.example.com", tokenSecretRef: { name: "acme-token", key: "other" } }),
      'has no key "other"',
    ],
  ])("says what to do about %s", async (_, breakIt, words) => {
    const { world, look } = fixture();
    breakIt(world);
    expect(await look()).toBe("retry");
    expect(world.writes[0]?.message).toContain(words);
  });

  test("a check that hangs ends at its deadline", async () => {
    const { world, look } = fixture(() => ({ ...okSigner, check: () => new Promise(() => {}) }), {
      checkTimeoutMs: 20,
    });
    expect(await look()).toBe("retry");
    expect(world.writes[0]?.message).toContain("check took longer than 0.02 s");
  });

  test("an ignored issuer is not connected, checked or written to", async () => {
    let connects = 0;
    const { world, look } = fixture(() => {
      connects += 1;
      return okSigner;
    });
    world.ignores = () => true;
    expect(await look()).toBe("ignored");
    expect(connects).toBe(0);
    expect(world.writes).toEqual([]);
    expect(world.checked).toEqual([]);
    world.ignores = () => false;
    expect(await look()).toBe("settled");
    expect(world.writes).toHaveLength(1);
  });

  test("an issuer that becomes ignored is disconnected and its Secrets are let go", async () => {
    let closed = 0;
    const close = async () => {
      closed += 1;
    };
    const { world, reconciler, look } = fixture(() => ({ ...okSigner, close }));
    await look();
    world.ignores = () => true;
    expect(await look()).toBe("ignored");
    expect(world.issuer && reconciler.connection("key", world.issuer)).toBeUndefined();
    await reconciler.stop();
    expect(closed).toBe(1);
    expect(world.forgotten).toEqual(["key"]);
    expect(world.writes).toHaveLength(1);
  });

  test("a hook that fails stops the look before anything is written", async () => {
    const { world, look } = fixture();
    world.ignores = () => {
      throw new Error("the hook is broken");
    };
    await expect(look()).rejects.toThrow("the hook is broken");
    expect(world.writes).toEqual([]);
  });

  test("ignore-issuer-not-found: a deleted issuer is disconnected and its Secrets are let go", async () => {
    const log: string[] = [];
    const { world, look, reconciler } = fixture(() => ({
      ...okSigner,
      close: async () => void log.push("closed"),
    }));
    await look();
    world.issuer = undefined;
    expect(await look()).toBe("gone");
    await reconciler.stop();
    expect(log).toEqual(["closed"]);
    expect(world.forgotten).toEqual(["key"]);
  });

  test("offers no connection for a generation that it has not connected", async () => {
    const { world, look, reconciler } = fixture();
    await look();
    expect(reconciler.connection("key", world.issuer as IssuerObject)).toBeDefined();
    world.setSpec({});
    expect(reconciler.connection("key", world.issuer as IssuerObject)).toBeUndefined();
  });
});
