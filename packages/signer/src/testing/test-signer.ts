import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { HttpClient } from "../http/index.ts";
import type { ConnectContext, Credentials, ServiceAccountTokens, SignerReports } from "../issuer/index.ts";
import type { Issued, SignOutcome } from "../outcome.ts";
import type { SignContext, Signer, SignRequest } from "../signer.ts";
import type { X509 } from "../x509/certificate.ts";
import type { IssuedMismatch } from "../x509/issued-mismatch.ts";
import { verifyIssued } from "../x509/verify-issued.ts";
import { type SignRequestForOptions, signRequestFor } from "./sign-request-for.ts";

/** What makes a signer: a backend's `issuerFragment`, or a definition of issuer-core's `defineIssuer`. */
export interface SignerSource {
  readonly spec: { parse(value: unknown): unknown };
  readonly operation?: { parse(value: unknown): unknown } | undefined;
  // Every source has its own spec, secrets and ConfigMaps; which ones is its affair.
  connect(context: ConnectContext<never, never, never, string>): Signer<unknown> | Promise<Signer<unknown>>;
}

/** Options of {@link testSigner}. */
export interface TestSignerOptions {
  /** What is asked for; a P-256 key and `www.example.com` unless given. */
  readonly request?: SignRequest | SignRequestForOptions | undefined;
  /** Spec of the issuer object, for a fragment or a definition. */
  readonly spec?: unknown;
  /** Values of its secrets, by the names that the definition gives them. */
  readonly secrets?: Readonly<Record<string, string | Uint8Array | undefined>> | undefined;
  /** Values of its ConfigMaps, by the names that the definition gives them. */
  readonly configMaps?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where its tokens come from; there are none unless given. */
  readonly serviceAccountTokens?: ServiceAccountTokens | undefined;
  /** Where it saves credentials; nowhere unless given, which it hears of. */
  readonly credentials?: Credentials<string> | undefined;
  /** Where its reports go; nowhere unless given. */
  readonly reports?: Partial<SignerReports> | undefined;
  /** Bounds the whole test, in milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** Longest wait before a pending order is looked at again, in milliseconds; 20 unless given, whatever the signer asks for. */
  readonly maxWaitMs?: number | undefined;
}

/** What came of {@link testSigner}. */
export interface SignerTest {
  readonly leaf: X509;
  /** Leaf first, without the root. */
  readonly chain: readonly X509[];
  /** PEM for `status.ca`. */
  readonly caPem: string | undefined;
  /** Where the certificate is not as asked for. */
  readonly mismatches: readonly IssuedMismatch[];
  /** How often `sign` was called until it issued. */
  readonly calls: number;
  readonly request: SignRequest;
}

const maxOperationBytes = 4096;

/**
 * Has a signer sign as the SDK would: `check`, then `sign` until it is no longer pending, with the operation stored and
 * parsed in between; then judges the certificate. Where the signer says that it is `idempotent`, a repeated `sign` must
 * give the same certificate, and where it has `find`, so must that, unless it cannot tell.
 *
 * Rejects with what the signer throws, a BadCertificateError for a certificate that the SDK would refuse, and an Error
 * that says which promise was broken.
 *
 * @example
 * const { leaf, calls } = await testSigner(acme, { spec: { url, tokenSecretRef: { name: "t" } }, secrets: { token } });
 */
export async function testSigner(
  source: Signer<never> | Signer<unknown> | SignerSource,
  options: TestSignerOptions = {},
): Promise<SignerTest> {
  const { timeoutMs = 10_000 } = options;
  const http = new HttpClient();
  const signal = AbortSignal.timeout(timeoutMs);
  const isSource = "connect" in source;
  const signer = isSource ? await connect(source, options, http) : (source as Signer<unknown>);
  try {
    const request = await requestOf(options.request);
    const attemptId = createHash("sha256").update(request.uid).digest("hex").slice(0, 36);
    await signer.check({ signal });
    const first: SignContext<unknown> = { operation: undefined, signal, attemptId };
    const parse = isSource ? source.operation : undefined;
    const run = { request, context: first, parse, maxWaitMs: options.maxWaitMs ?? 20 };
    const { issued, calls } = await untilIssued(signer, run, await signer.sign(request, first));
    const verified = judge(request, issued);
    const again = async (what: string, outcome: SignOutcome<unknown> | Issued | undefined) => {
      if (outcome === undefined) throw new Error(`${what} knows nothing of the certificate that was issued`);
      const { leaf } = judge(request, (await untilIssued(signer, run, outcome)).issued);
      if (leaf.serialHex !== verified.leaf.serialHex)
        throw new Error(
          `${what} gave another certificate: serial ${leaf.serialHex}, not ${verified.leaf.serialHex}`,
        );
    };
    if (signer.idempotent === true) await again("a repeated sign", await signer.sign(request, first));
    const found = await signer.find?.(request, first);
    if (signer.find !== undefined && found?.status !== "cannot-tell") await again("find", found);
    return { ...verified, calls, request };
  } finally {
    await signer.close?.();
    http.close();
  }
}

const noTokens: ServiceAccountTokens = {
  request: ({ name }) =>
    Promise.reject(new TypeError(`Expected \`serviceAccountTokens\` for ${name}, got none`)),
};

const noCredentials: Credentials<string> = {
  save: (values) =>
    Promise.reject(new TypeError(`Expected \`credentials\` for ${Object.keys(values).join(", ")}, got none`)),
};

async function connect(source: SignerSource, options: TestSignerOptions, http: HttpClient) {
  const { spec, secrets = {}, configMaps = {}, reports } = options;
  const { serviceAccountTokens = noTokens, credentials = noCredentials } = options;
  const context = {
    spec: source.spec.parse(spec),
    secrets,
    configMaps,
    http,
    issuer: {
      group: "test.example.com",
      kind: "TestIssuer",
      name: "test",
      namespace: "default",
      uid: "test",
    },
    serviceAccountTokens,
    credentials,
    reports: { circuit: () => {}, credential: () => {}, ...reports },
  };
  return source.connect(context as ConnectContext<never, never, never, string>);
}

async function requestOf(given: TestSignerOptions["request"] = {}): Promise<SignRequest> {
  return "parsedCsr" in given ? given : signRequestFor(given);
}

async function untilIssued(
  signer: Signer<unknown>,
  run: {
    readonly request: SignRequest;
    readonly context: SignContext<unknown>;
    readonly parse: SignerSource["operation"];
    readonly maxWaitMs: number;
  },
  first: SignOutcome<unknown>,
): Promise<{ readonly issued: Issued; readonly calls: number }> {
  const { request, context, parse, maxWaitMs } = run;
  let outcome = first;
  for (let calls = 1; ; calls += 1) {
    if (outcome.status === "issued") return { issued: outcome, calls };
    await delay(Math.min(outcome.retryAfterMs, maxWaitMs), undefined, { signal: context.signal });
    const operation = stored(outcome.operation, parse);
    outcome = await signer.sign(request, { ...context, operation });
  }
}

/** The operation as it comes back from the request object. */
function stored(operation: unknown, parse: SignerSource["operation"]): unknown {
  const text = JSON.stringify(operation);
  const size = Buffer.byteLength(text ?? "");
  if (text === undefined || size > maxOperationBytes)
    throw new TypeError(
      `Expected \`operation\` to be at most ${maxOperationBytes} bytes of JSON, got ${size}`,
    );
  const value: unknown = JSON.parse(text);
  return parse === undefined ? value : parse.parse(value);
}

function judge(request: SignRequest, { chain, ca }: Issued) {
  const { parsedCsr: csr, isCA, usages, durationSeconds } = request;
  const verified = verifyIssued({ csr, chain, ca, now: new Date(), isCA, usages, durationSeconds });
  const { leaf, caPem, mismatches } = verified;
  return { leaf, chain: verified.chain.chain, caPem, mismatches };
}
