import { parseArgs } from "node:util";
import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import {
  evaluate,
  type Policy,
  parsePolicy,
  RuleCompiler,
  type Subject,
  subjectOfCertificateRequest,
} from "../../packages/approval-policy/src/index.ts";

// How many decisions one core takes: ten policies, of which two select the request, the first denies by a rule and the
// second approves by two rules. Counted by CPU time of this process, so that a busy machine changes little.
const HELP = `Usage: npm run bench:policy -- [options]

  --seconds N    CPU seconds of each round (2)
  --rounds N     rounds, of which the best counts (3)
  --least N      fail when fewer decisions are taken per CPU second (no limit)
`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    least: { type: "string", default: "0" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) process.stdout.write(HELP);
else await bench(Number(values.seconds), Number(values.rounds), Number(values.least));

async function bench(seconds: number, rounds: number, least: number): Promise<void> {
  const request = await certificateRequest();
  const subject = subjectOfCertificateRequest(request);
  const policies = tenPolicies();
  const { decision } = evaluate(policies, subject);
  if (decision !== "approved") throw new Error(`the bench is wrong: ${decision}`);
  const decisions = best(rounds, seconds, () => evaluate(policies, subject));
  report("decisions on a request that was read", decisions);
  report(
    "reading a request and verifying it",
    best(rounds, seconds, () => subjectOfCertificateRequest(request)),
  );
  report(
    "decisions without rules",
    best(rounds, seconds, () => evaluate(withoutRules(policies), subject)),
  );
  if (decisions < least) {
    process.stderr.write(`fewer than ${least} decisions per CPU second\n`);
    process.exitCode = 1;
  }
}

/** Runs of the call per CPU second, of the best round. */
function best(rounds: number, seconds: number, call: () => Policy[] | Subject | object): number {
  let most = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    let spent = 0;
    let count = 0;
    while (spent < seconds) {
      for (let times = 0; times < 200; times += 1) call();
      count += 200;
      const { user, system } = process.cpuUsage(before);
      spent = (user + system) / 1e6;
    }
    most = Math.max(most, count / spent);
  }
  return most;
}

function report(what: string, perSecond: number): void {
  process.stdout.write(`${what}: ${Math.round(perSecond).toLocaleString("en-US")} per CPU second\n`);
}

function withoutRules(policies: readonly Policy[]): Policy[] {
  return policies.filter(({ rules }) => rules.size === 0);
}

function tenPolicies(): Policy[] {
  const compiler = new RuleCompiler();
  return Array.from({ length: 10 }, (_, index) => {
    const rule = index === 8 ? "self.startsWith('never')" : "self.endsWith(cr.namespace + '.svc')";
    const spec = {
      selector: {
        issuerRef: { group: "pki.example.com" },
        namespace: { matchNames: [index < 8 ? `team-${index}` : "sh*"] },
      },
      allowed: {
        commonName: { value: "*" },
        dnsNames: {
          required: true,
          values: ["*.svc", "*.example.com"],
          validations: index < 8 ? [] : [{ rule }, { rule: "self.matches('^[a-z0-9.-]+$')" }],
        },
        usages: ["server auth", "client auth"],
        subject: { organizations: { values: ["Acme *"] } },
      },
      constraints: { maxDuration: "2160h", privateKey: { algorithm: "ECDSA", minSize: 256 } },
    };
    return parsePolicy(
      {
        apiVersion: "policy.cert-manager.io/v1alpha1",
        kind: "CertificateRequestPolicy",
        metadata: { name: `policy-${index}` },
        spec,
      },
      compiler,
    );
  });
}

async function certificateRequest() {
  const csr = await buildCsr({
    key: newPrivateKey({ name: "EC", curve: "P-256" }),
    commonName: "web.shop.svc",
    subject: [{ type: "O", value: "Acme Shop" }],
    dnsNames: ["web.shop.svc", "api.shop.svc"],
  });
  return {
    metadata: { name: "web-1", namespace: "shop" },
    spec: {
      issuerRef: { name: "acme", kind: "AcmeIssuer", group: "pki.example.com" },
      request: Buffer.from(csr).toString("base64"),
      duration: "2160h0m0s",
      usages: ["server auth"],
      username: "system:serviceaccount:cert-manager:cert-manager",
      groups: ["system:serviceaccounts"],
    },
  };
}
