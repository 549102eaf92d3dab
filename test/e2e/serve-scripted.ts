import { type RunningIssuer, type ServeOptions, type Signer, startIssuer } from "@countersign/issuer-core";
import { issuerNamespace, manualIssuer } from "./identities.ts";
import { beginScene, type IssuerReference, type Scene } from "./scene.ts";
import type { E2eTarget } from "./target.ts";

/** A scene with a namespaced issuer whose signer the test writes; nobody serves it yet. */
export interface ScriptedScene {
  readonly scene: Scene;
  readonly issuerRef: IssuerReference;
  /** Serves this scene alone with the signer, which counts as idempotent; `check` passes unless given. */
  serve(
    sign: Signer["sign"],
    options?: Partial<ServeOptions>,
    check?: Signer["check"],
  ): Promise<RunningIssuer>;
  /** Creates and approves a request. */
  request(name: string, more?: { readonly csr?: string; readonly spec?: object }): Promise<void>;
}

/** Begins a {@link ScriptedScene}; several may be served side by side. `spec` is beside what the issuer needs. */
export async function beginScripted(
  target: E2eTarget,
  name: string,
  spec: object = {},
): Promise<ScriptedScene> {
  const scene = await beginScene(target, name);
  await scene.storeSecret("Namespaced", name, { "tls.crt": "x", "tls.key": "x" });
  const issuerRef = await scene.createIssuer(manualIssuer, "Namespaced", { secretName: name, ...spec });
  return {
    scene,
    issuerRef,
    async serve(sign, options = {}, check = async () => {}) {
      const { definition, account } = manualIssuer;
      const connect = async () => ({ idempotent: true, check, sign });
      const issuer = startIssuer(
        { ...definition, connect },
        {
          ...options,
          ignoreIssuer: ({ metadata }) => metadata.namespace !== name,
          connection: await target.issuerConnection(account),
          clusterResourceNamespace: issuerNamespace,
        },
      );
      await issuer.synced;
      return issuer;
    },
    async request(request, more) {
      await scene.createRequest({ name: request, issuerRef, ...more });
      await scene.approve(request);
    },
  };
}
