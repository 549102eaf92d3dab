import { request } from "node:https";
import { buffer } from "node:stream/consumers";
import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../../../test/rigs/control-plane.ts";
import { CONTROL_PLANE, describeWithRigs } from "../../../../../test/rigs/rigs.ts";
import { messages } from "./messages.ts";
import { readProtobuf } from "./read-protobuf.ts";

const rbac = "rbac.authorization.k8s.io/v1";
const metadata = {
  name: "sample",
  labels: { a: "b", empty: "" },
  annotations: { note: "n" },
  finalizers: ["example.com/a", "example.com/b"],
};
const ownerReferences = [
  { apiVersion: "v1", kind: "ConfigMap", name: "o", uid: "1-2", controller: true, blockOwnerDeletion: false },
];
const extra = { "example.com/scopes": ["a", "b"] };
const rules = [
  { apiGroups: ["", "apps"], resources: ["secrets"], verbs: ["get"], resourceNames: ["s"] },
  { nonResourceURLs: ["/healthz"], verbs: ["get"] },
];
const subjects = [
  { kind: "ServiceAccount", name: "default", namespace: "default" },
  { kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" },
];
const roleRef = (kind: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: "sample" });

/** An object of each kind with every field that is read, and where it goes. */
async function samples(): Promise<readonly (readonly [path: string, object: Sample])[]> {
  const csr = await buildCsr({
    key: newPrivateKey({ name: "EC", curve: "P-256" }),
    dnsNames: ["a.example.com"],
  });
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const core = "/api/v1/namespaces/default";
  const inRbac = `/apis/${rbac}`;
  const reviews = "/apis/authorization.k8s.io/v1";
  const resourceAttributes = {
    namespace: "default",
    verb: "get",
    group: "apps",
    version: "v1",
    resource: "deployments",
    subresource: "scale",
    name: "n",
  };
  return [
    [
      `${core}/secrets`,
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { ...metadata, ownerReferences },
        data: { bytes: base64("\0\u0001"), none: "" },
        type: "Opaque",
        immutable: true,
      },
    ],
    [
      `${core}/configmaps`,
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata,
        data: { a: "b" },
        binaryData: { c: "/wA=" },
        immutable: false,
      },
    ],
    ["/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata }],
    [
      `${core}/serviceaccounts`,
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata,
        imagePullSecrets: [{ name: "p" }],
        automountServiceAccountToken: false,
      },
    ],
    [
      `${core}/serviceaccounts/sample/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { audiences: ["a", "b"], expirationSeconds: 700 },
      },
    ],
    [`${inRbac}/clusterroles`, { apiVersion: rbac, kind: "ClusterRole", metadata, rules }],
    [
      `${inRbac}/namespaces/default/roles`,
      { apiVersion: rbac, kind: "Role", metadata, rules: rules.slice(0, 1) },
    ],
    [
      `${inRbac}/clusterrolebindings`,
      { apiVersion: rbac, kind: "ClusterRoleBinding", metadata, subjects, roleRef: roleRef("ClusterRole") },
    ],
    [
      `${inRbac}/namespaces/default/rolebindings`,
      { apiVersion: rbac, kind: "RoleBinding", metadata, subjects, roleRef: roleRef("Role") },
    ],
    [
      "/apis/certificates.k8s.io/v1/certificatesigningrequests",
      {
        apiVersion: "certificates.k8s.io/v1",
        kind: "CertificateSigningRequest",
        metadata,
        spec: {
          request: base64(csr),
          signerName: "example.com/a",
          usages: ["digital signature", "server auth"],
          expirationSeconds: 3600,
        },
      },
    ],
    [
      `${reviews}/subjectaccessreviews`,
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { resourceAttributes, user: "u", groups: ["g", "h"], extra, uid: "7" },
      },
    ],
    [
      `${reviews}/selfsubjectaccessreviews`,
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { nonResourceAttributes: { path: "/healthz", verb: "get" } },
      },
    ],
    [
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    ],
  ];
}

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

describeWithRigs(CONTROL_PLANE, "Protobuf of a real kube-apiserver", () => {
  let controlPlane: ControlPlane;
  beforeAll(async () => {
    controlPlane = await startControlPlane();
  });
  afterAll(() => controlPlane?.stop());

  function call(method: string, path: string, accept: string, body?: object): Promise<Buffer> {
    const { url, caPem: ca, adminToken } = controlPlane;
    const headers = { authorization: `Bearer ${adminToken}`, accept, "content-type": "application/json" };
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, url), { method, headers, ca, agent: false }, (answer) => {
        buffer(answer).then((bytes) => {
          if ((answer.statusCode ?? 0) < 300) resolve(bytes);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${bytes}`));
        }, reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body && JSON.stringify(body));
    });
  }

  test("is read as its JSON is, for every kind and field", async () => {
    const seen: string[] = [];
    for (const [path, object] of await samples()) {
      const named = "metadata" in object;
      const protobuf = "application/vnd.kubernetes.protobuf";
      const created = await call("POST", path, named ? "application/json" : protobuf, object);
      const read = readProtobuf(named ? await call("GET", `${path}/sample`, protobuf) : created);
      // A review is answered and kept nowhere: there is what was asked, beside the answer.
      const json = named
        ? JSON.parse(String(await call("GET", `${path}/sample`, "application/json")))
        : object;
      expect(withoutEmpty(read), object.kind).toMatchObject(withoutEmpty(json) as object);
      seen.push(`${object.apiVersion} ${object.kind}`);
    }
    expect(seen.sort()).toEqual(Object.keys(messages).sort());
  });
});

/** Whether empty objects are written is all that is left to differ. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, held]) => [key, withoutEmpty(held)] as const);
  return Object.fromEntries(
    entries.filter(
      ([, held]) => !(typeof held === "object" && held !== null && Object.keys(held).length === 0),
    ),
  );
}
