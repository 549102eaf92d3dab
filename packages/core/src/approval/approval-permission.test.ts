import { describe, expect, test } from "vitest";
import { failure, json, ScriptedServer } from "../kube/scripted-server-fixture.ts";
import { group, requestWith } from "../request/request-fixtures.ts";
import { checkApprovalPermission } from "./approval-permission.ts";

const request = { kind: "CertificateRequest", namespace: "team", name: "web-1" } as const;
const csr = { kind: "CertificateSigningRequest", name: "web-1" } as const;
const wholeKind = `approve signers acmeissuers.${group}/*`;
const ofTeam = `approve signers acmeissuers.${group}/team.acme`;
const ofCluster = `approve signers acmeissuers.${group}/acme`;
const write = "update certificaterequests/status team/web-1";

interface ServerOptions {
  /** What the reviews allow, as `verb resource name`. */
  readonly rights?: readonly string[];
  /** Of the issuer's kind. */
  readonly namespaced?: boolean;
  readonly kind?: string;
  readonly exists?: boolean;
}

/** An API server with one request, one kind of issuer in the second of its group's versions, and the rights of a caller. */
async function start({
  rights = [],
  namespaced = true,
  kind = "AcmeIssuer",
  exists = true,
}: ServerOptions = {}) {
  const asked: string[] = [];
  const server = await ScriptedServer.start((response, { path, body }) => {
    if (path === "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") {
      const { verb, resource, subresource, namespace, name } = JSON.parse(body).spec.resourceAttributes;
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      const right = `${verb} ${what} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
      asked.push(right);
      return json(response, 201, { status: { allowed: rights.includes(right) } });
    }
    if (path === `/apis/${group}`)
      return json(response, 200, { versions: [{ version: "v1" }, { version: "v1alpha1" }] });
    if (path === `/apis/${group}/v1`) return json(response, 200, { resources: [] });
    if (path === `/apis/${group}/v1alpha1`) {
      const resources = [
        { name: "acmeissuers/status", kind, namespaced },
        { name: "acmeissuers", kind, namespaced },
      ];
      return json(response, 200, { resources });
    }
    if (exists && path.endsWith("/certificaterequests/web-1")) return json(response, 200, requestWith([]));
    if (exists && path.endsWith("/certificatesigningrequests/web-1"))
      return json(response, 200, {
        ...requestWith([]),
        spec: { signerName: "example.com/web", request: "" },
      });
    return failure(response, 404, "NotFound");
  });
  return { server, asked };
}

describe("a CertificateRequest", () => {
  test.each([
    ["all issuers of the kind", [wholeKind, write], true],
    ["the one issuer, by its namespace and name", [ofTeam, write], true],
    ["the issuer of the same name in no namespace", [ofCluster, write], false],
    ["the issuer, but not the write", [ofTeam], false],
    ["the write alone", [write], false],
  ] as const)("of a namespaced issuer, with the right to %s", async (_, rights, allowed) => {
    const { server, asked } = await start({ rights });
    await using _server = server;
    const permission = await checkApprovalPermission({ transport: server.transport(), request });
    expect(permission).toMatchObject({ allowed, unknownIssuer: false });
    expect(new Set(asked)).toEqual(new Set([wholeKind, ofTeam, write]));
  });

  test("of a cluster issuer is judged by the issuer's name alone", async () => {
    const { server, asked } = await start({ rights: [ofCluster, write], namespaced: false });
    await using _ = server;
    const permission = await checkApprovalPermission({ transport: server.transport(), request });
    expect(permission).toMatchObject({ allowed: true, missing: [] });
    expect(asked).toContain(ofCluster);
    expect(asked).not.toContain(ofTeam);
  });

  test("without any right: both rules are named, the narrowest that do", async () => {
    const { server } = await start();
    await using _ = server;
    const { allowed, missing } = await checkApprovalPermission({ transport: server.transport(), request });
    expect(allowed).toBe(false);
    expect(missing).toEqual([
      {
        apiGroups: ["cert-manager.io"],
        resources: ["signers"],
        verbs: ["approve"],
        resourceNames: [`acmeissuers.${group}/team.acme`],
      },
      { apiGroups: ["cert-manager.io"], resources: ["certificaterequests/status"], verbs: ["update"] },
    ]);
  });

  test("of a kind that is not there can be approved by nobody", async () => {
    const { server } = await start({ rights: [write], kind: "OtherIssuer" });
    await using _ = server;
    const permission = await checkApprovalPermission({ transport: server.transport(), request });
    expect(permission).toEqual({ allowed: false, signers: [], missing: [], unknownIssuer: true });
  });

  test("that is not there has no permission to speak of", async () => {
    const { server } = await start({ exists: false });
    await using _ = server;
    const result = checkApprovalPermission({ transport: server.transport(), request });
    await expect(result).rejects.toMatchObject({ code: "APPROVAL", failure: "gone" });
  });
});

describe("a Kubernetes CSR", () => {
  const csrWrite = "update certificatesigningrequests/approval web-1";

  test.each([
    ["its signer", "approve signers example.com/web", true],
    ["all signers of the domain", "approve signers example.com/*", true],
    ["another signer", "approve signers example.com/other", false],
  ])("with the right to %s", async (_, right, allowed) => {
    const { server } = await start({ rights: [right, csrWrite] });
    await using _server = server;
    const permission = await checkApprovalPermission({ transport: server.transport(), request: csr });
    expect(permission).toMatchObject({ allowed, signers: ["example.com/web", "example.com/*"] });
  });
});
