import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HttpClient } from "@countersign/issuer-core";
import { openPolicy, type VenafiReader, zone } from "./venafi-reader.ts";

/** One trouble of the runbook: the section that treats it, and how to bring it about. */
export interface Trouble {
  readonly section: string;
  readonly bring: (reader: VenafiReader) => Promise<unknown> | unknown;
  /** What the page leaves to hands. */
  readonly byHand?: (reader: VenafiReader) => Promise<unknown> | unknown;
  /** Of the Certificate that meets it; `venafi` unless given. */
  readonly issuer?: string;
}

/** A grant as an administrator gets it, with this client and scope. */
async function grant({ tpp }: VenafiReader, client_id: string, scope: string): Promise<string> {
  using http = new HttpClient({ ca: tpp.caPem });
  const [user] = tpp.credentials.users;
  const json = { client_id, scope, username: user?.username, password: user?.password };
  const answer = await http.post<{ readonly access_token: string }>(`${tpp.url}/vedauth/authorize/oauth`, {
    json,
  });
  return answer.access_token;
}

/** An issuer with an access token alone. */
async function storedToken(reader: VenafiReader, name: string, token: string): Promise<void> {
  await reader.run(`kubectl create secret generic ${name} --namespace default --from-literal=access-token='${token}' \\
    --dry-run=client --output yaml | kubectl apply --filename -
kubectl apply --filename - <<'EOF'
apiVersion: venafi.countersign.dev/v1alpha1
kind: VenafiIssuer
metadata: { name: ${name}, namespace: default }
spec:
  venafi:
    zone: '${zone}'
    tpp: { url: ${reader.tpp.url}, caBundleConfigMapRef: { name: tpp-ca }, credentialsRef: { name: ${name} } }
EOF`);
}

/** As somebody who clicks Retry on every object. */
async function retryAll(reader: VenafiReader): Promise<void> {
  using http = new HttpClient({ ca: reader.tpp.caPem });
  const bearer = await grant(reader, "vcert-sdk", "certificate:manage");
  const failed = reader.tpp.ledger.entries.flatMap((entry) => (entry.kind === "failure" ? [entry.dn] : []));
  for (const CertificateDN of new Set(failed))
    await http.request("POST", `${reader.tpp.url}/vedsdk/certificates/retry`, {
      ...{ bearer, json: { CertificateDN }, accept: [400] },
    });
}

/** Every section of `docs/runbooks/venafi.md` with a message, in its order. */
export const troubles: readonly Trouble[] = [
  { section: "The refresh token is used up", bring: ({ tpp }) => tpp.control.revokeGrants() },
  {
    section: "An access token has ended",
    issuer: "stored",
    async bring(reader) {
      await storedToken(reader, "stored", await grant(reader, "cert-manager.io", "certificate:manage"));
      reader.tpp.control.expireAccessTokens();
    },
    byHand: async (reader) =>
      storedToken(reader, "stored", await grant(reader, "cert-manager.io", "certificate:manage")),
  },
  {
    section: "The scope or the rights are missing",
    async bring(reader) {
      await storedToken(reader, "scope", await grant(reader, "vcert-sdk", "certificate:discover"));
      const reason = "User is not authorized for this folder";
      reader.tpp.control.faults.failNext({ status: 403, reason }, { path: "certificates/request", times: 3 });
    },
  },
  {
    section: "The zone is not found",
    bring: ({ tpp }) => tpp.control.removePolicy(zone),
    byHand: ({ tpp }) => tpp.control.setPolicy(zone, openPolicy),
  },
  {
    section: "The policy forbids a request",
    async bring(reader) {
      const organization = { value: "Example Corp", locked: true };
      reader.tpp.control.setPolicy(zone, { ...openPolicy, organization });
      // The first refusal is TPP's own; from then on the issuer knows the policy.
      await reader.run(`kubectl apply --filename - <<'EOF'
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: before, namespace: default }
spec:
  secretName: before
  commonName: before.example.com
  subject: { organizations: [Other] }
  issuerRef: { group: venafi.countersign.dev, kind: VenafiIssuer, name: venafi }
EOF
kubectl wait certificate/before --namespace default --for=condition=Issuing=false --timeout=60s`);
    },
    byHand: ({ tpp }) => tpp.control.setPolicy(zone, openPolicy),
  },
  {
    section: "A request waits for an approval",
    bring: ({ tpp }) => tpp.control.holdInWorkflow(),
    byHand({ tpp }) {
      tpp.control.holdInWorkflow(false);
      tpp.control.approve();
    },
  },
  {
    section: "An object is stuck",
    bring: ({ tpp }) => tpp.control.failIssuance({ times: 5 }),
    byHand: retryAll,
  },
  {
    section: "A certificate for another key",
    bring: ({ tpp }) => tpp.control.wrongKey(),
    byHand: ({ tpp }) => tpp.control.tamper(undefined),
  },
  {
    section: "The SaaS does not know the credential",
    issuer: "saas",
    async bring({ cloud, directory }) {
      const key = "11111111-2222-4333-8444-555555555555";
      cloud.control.apiKeys.clear();
      cloud.control.apiKeys.add(key);
      await writeFile(join(directory, "api-key"), key);
    },
  },
];
