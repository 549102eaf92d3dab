import { type IgnoreHooks, type RunningIssuer, startIssuer, type Trouble } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { issuerNamespace, manualIssuer } from "../identities.ts";
import { requestEvents } from "../request-events.ts";
import { writesOf } from "../request-log.ts";
import { certificateRequests, issuerType } from "../resources.ts";
import { beginScene, type IssuerReference, type Scene } from "../scene.ts";
import { SignLedger } from "../sign-ledger.ts";
import type { TargetOf } from "../target.ts";

const shard = "example.com/shard";

/** Two programs serve one kind, each the issuers that bear its label. */
export function sharingCases(target: TargetOf): void {
  describe("two programs that share the issuers of a kind", () => {
    const { definition, account } = manualIssuer;
    const running: RunningIssuer[] = [];
    const troubles: Trouble[] = [];
    const broken = new Set<string>();

    async function serve(hooks: IgnoreHooks): Promise<SignLedger> {
      const ledger = new SignLedger();
      const issuer = startIssuer(ledger.observe(definition), {
        ...hooks,
        connection: await target().issuerConnection(account),
        clusterResourceNamespace: issuerNamespace,
      });
      issuer.lifecycle.on("trouble", (trouble) => troubles.push(trouble));
      running.push(issuer);
      await issuer.synced;
      return ledger;
    }

    let red: SignLedger;
    let blue: SignLedger;
    beforeAll(async () => {
      red = await serve({
        ignoreIssuer: ({ metadata }) => metadata.labels?.[shard] !== "red",
        ignoreRequest: async ({ metadata }) => {
          if (broken.has(metadata.name)) throw new Error("the hook is broken");
          return metadata.labels?.["example.com/hold"] === "yes";
        },
      });
      blue = await serve({ ignoreIssuer: ({ metadata }) => metadata.labels?.[shard] !== "blue" });
    });
    afterAll(async () => {
      await Promise.all(running.map((issuer) => issuer.stop()));
    });

    const writes = async (namespace: string) => writesOf(await target().log(), manualIssuer, namespace);
    const paint = (scene: Scene, { kind, name }: IssuerReference, colour: string) =>
      target().kube.label(issuerType(definition, kind), { name, namespace: scene.namespace }, shard, colour);

    async function paintedIssuer(scene: Scene, colour: string): Promise<IssuerReference> {
      await scene.storeCa("Namespaced", scene.namespace, newTestCa("Shared CA"));
      const issuerRef = await scene.createIssuer(manualIssuer, "Namespaced", { secretName: scene.namespace });
      await paint(scene, issuerRef, colour);
      return issuerRef;
    }

    async function approvedRequest(scene: Scene, name: string, issuerRef: IssuerReference): Promise<void> {
      await scene.createRequest({ name, issuerRef });
      await scene.approve(name);
    }

    test("neither touches an issuer of nobody, nor its requests; the one that gets it signs them", async () => {
      const scene = await beginScene(target(), "shared");
      const issuerRef = await paintedIssuer(scene, "green");
      await approvedRequest(scene, "mine", issuerRef);
      await approvedRequest(scene, "orphan", { ...issuerRef, name: "missing" });
      const later = await beginScene(target(), "shared-later");
      const blueRef = await paintedIssuer(later, "blue");
      await approvedRequest(later, "later", blueRef);
      await later.issued("later");
      expect(await writes("shared")).toEqual([]);

      await paint(scene, issuerRef, "blue");
      await scene.issued("mine");
      expect(blue.calls("shared", "mine")).toBe(1);
      expect(red.calls("shared", "mine")).toBe(0);

      await paint(scene, issuerRef, "red");
      await approvedRequest(scene, "moved", issuerRef);
      await scene.issued("moved");
      expect(red.calls("shared", "moved")).toBe(1);
      expect(blue.calls("shared", "moved")).toBe(0);
      expect((await scene.request("orphan"))?.status?.conditions).toHaveLength(1);
    });

    test("a request that is held gets no status and no event until its label changes", async () => {
      const scene = await beginScene(target(), "held");
      const issuerRef = await paintedIssuer(scene, "red");
      const where = { namespace: "held", name: "held" };
      await scene.createRequest({ name: "held", issuerRef });
      await target().kube.label(certificateRequests, where, "example.com/hold", "yes");
      await scene.approve("held");
      await approvedRequest(scene, "later", issuerRef);
      await scene.issued("later");
      const written = (await writes("held")).filter(({ resource }) => resource === "certificaterequests");
      expect(new Set(written.map(({ name }) => name))).toEqual(new Set(["later"]));
      expect(await requestEvents(target().kube, "held", "held")).toEqual([]);
      expect(red.calls("held", "held")).toBe(0);

      await target().kube.label(certificateRequests, where, "example.com/hold", "no");
      await scene.issued("held");
      expect(red.calls("held", "held")).toBe(1);
      await eventually(
        target().patience,
        "the event",
        () => requestEvents(target().kube, "held", "held"),
        ({ length }) => length > 0,
      );
    });

    test("a hook that throws is announced as trouble, and asked again until it answers", async () => {
      const scene = await beginScene(target(), "broken-hook");
      const issuerRef = await paintedIssuer(scene, "red");
      broken.add("unlucky");
      await approvedRequest(scene, "unlucky", issuerRef);
      await eventually(
        target().patience,
        "two troubles",
        async () => troubles.filter(({ where }) => where === "request broken-hook/unlucky"),
        (found) => found.length >= 2,
      );
      expect((await writes("broken-hook")).filter(({ name }) => name === "unlucky")).toEqual([]);
      broken.clear();
      await scene.issued("unlucky");
      expect(red.calls("broken-hook", "unlucky")).toBe(1);
    });
  });
}
