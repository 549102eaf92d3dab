import { expect, test } from "vitest";
import type { MarkdownBlock } from "../tools/markdown-blocks.ts";
import { applyObject, conditionMessages, pageBlocks, runScript, sectionBlocks } from "./page-reader.ts";
import type { GuideReader } from "./vault-guide.ts";

const GROUP = "vault.countersign.dev";

/** One trouble of the runbook: the section that treats it, and how to bring it about. */
interface Trouble {
  readonly section: string;
  readonly bring: (reader: GuideReader) => Promise<unknown>;
  /** What the page leaves to hands. */
  readonly byHand?: (reader: GuideReader) => Promise<unknown>;
  readonly issuer?: string;
  readonly host?: string;
}

const ROLE = "bound_service_account_names=vault-issuer bound_service_account_namespaces=default";
const LOG_OUT = "vault token revoke -mode=path auth/kubernetes";

const run = (script: string) => (reader: GuideReader) => runScript(reader, script);

const STORED_TOKEN = `
vault token create -policy=vault-issuer -ttl=1h -field=token > stored-token
kubectl create secret generic vault-token --namespace default --from-file=token=stored-token
kubectl apply --filename - <<EOF
apiVersion: ${GROUP}/v1alpha1
kind: VaultIssuer
metadata: { name: stored, namespace: default }
spec:
  vault:
    server: $VAULT_ADDR
    path: pki/sign/kubernetes-certs
    caBundleConfigMapRef: { name: vault-ca, key: ca.crt }
    auth: { tokenSecretRef: { name: vault-token, key: token } }
EOF
kubectl wait vaultissuer/stored --namespace default --for=condition=Ready --timeout=60s
vault token revoke "$(cat stored-token)"`;

/** Loaded before the issuer: its clock is ten minutes behind. */
const SLOW_CLOCK = `const now = Date.now;
Date.now = () => now() - 600_000;
globalThis.Date = class extends Date { constructor(...parts) { parts.length ? super(...parts) : super(Date.now()); } };`;

const programOf = async (): Promise<MarkdownBlock> => {
  const block = (await pageBlocks("guides/vault.md")).find(({ marks }) => marks.includes("run"));
  if (block === undefined) throw new Error("the guide starts no issuer");
  return block;
};

const troubles: readonly Trouble[] = [
  {
    section: "Vault is sealed",
    bring: ({ vault }) => vault.seal(),
    byHand: ({ vault }) => vault.unseal(),
  },
  {
    section: "Permission denied by the policy",
    bring: run(`echo 'path "pki/certs" { capabilities = ["list"] }' | vault policy write vault-issuer -`),
  },
  {
    section: "The Kubernetes login is refused without a reason",
    bring: run(
      `kubectl delete clusterrolebinding vault-reviewer
      vault write auth/kubernetes/config kubernetes_host="$(vault read -field=kubernetes_host auth/kubernetes/config)" \\
        kubernetes_ca_cert=@kubernetes-ca.pem token_reviewer_jwt=ended disable_local_ca_jwt=true
      ${LOG_OUT}`,
    ),
  },
  {
    section: "The audience is wrong",
    bring: run(
      `vault write auth/kubernetes/role/vault-issuer ${ROLE} audience=vault://default/other token_policies=vault-issuer
      ${LOG_OUT}`,
    ),
  },
  { section: "A stored token has ended", bring: run(STORED_TOKEN), issuer: "stored" },
  { section: "The role is too narrow", bring: async () => {}, host: "www.example.net" },
  {
    section: "A clock is wrong",
    bring: async (reader) => {
      const slow = `--import=data:text/javascript,${encodeURIComponent(SLOW_CLOCK)}`;
      await reader.start(await programOf(), { NODE_OPTIONS: slow });
    },
    byHand: async (reader) => reader.start(await programOf()),
  },
];

/** Tests of `docs/runbooks/vault.md`, on what the guide has set up. */
export function runbookCases(reader: () => GuideReader): void {
  test("the runbook's first look shows the issuer ready", async () => {
    const [first] = await sectionOf("Where to look", "sh");
    expect(await reader().follow(first as MarkdownBlock)).toMatch(/vault-issuer +True/);
  });

  test.each(troubles)(
    "runbook: $section",
    async ({ section, bring, byHand, issuer = "vault-issuer", host }) => {
      await bring(reader());
      const name = section.toLowerCase().replaceAll(" ", "-");
      await order(reader(), name, { issuer, host: host ?? `${name}.example.com` });
      const [message] = await sectionOf(section, "text");
      const [before = "", after = ""] = (message?.text.trim() ?? "no message").split("HOST");
      const said = expect.stringContaining(after === "" ? before : after);
      await expect
        .poll(() => conditionMessages(reader(), { certificate: name, issuers: "vaultissuers", issuer }), {
          timeout: 60_000,
          interval: 500,
        })
        .toEqual(expect.arrayContaining([said]));

      for (const block of await sectionOf(section, "sh")) await reader().follow(block);
      await byHand?.(reader());
      await run(`kubectl wait certificate/${name} --namespace default --for=condition=Ready --timeout=90s`)(
        reader(),
      );
    },
  );

  test("each section with a message is tested", async () => {
    const blocks = await pageBlocks("runbooks/vault.md");
    const told = blocks.filter(({ language }) => language === "text").map(({ section }) => section);
    expect(told).toEqual(troubles.map(({ section }) => section));
  });
}

function sectionOf(section: string, language: string): Promise<readonly MarkdownBlock[]> {
  return sectionBlocks("runbooks/vault.md", section, language);
}

async function order(
  reader: GuideReader,
  name: string,
  { issuer, host }: { readonly issuer: string; readonly host: string },
): Promise<void> {
  const issuerRef = { group: GROUP, kind: "VaultIssuer", name: issuer };
  await applyObject(reader, {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace: "default" },
    spec: { secretName: name, dnsNames: [host], issuerRef },
  });
}
