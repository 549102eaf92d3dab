import { readFile } from "node:fs/promises";
import {
  type ConnectContext,
  type CredentialGuard,
  IssuerError,
  orderChain,
  type X509,
} from "@countersign/issuer-signer";
import type { HsmFault } from "./hsm-fault.ts";
import { HsmKey, type HsmKeyRef } from "./hsm-key.ts";
import type { HsmTokenOptions } from "./hsm-token.ts";
import { type configMapRefs, pinName, type secretRefs } from "./key-refs.ts";
import type { Pkcs11IssuerOptions, Pkcs11ModuleOptions } from "./pkcs11-issuer-options.ts";
import { Pkcs11Signer } from "./pkcs11-signer.ts";
import { parsePkcs11Uri } from "./pkcs11-uri.ts";
import type { Pkcs11Spec } from "./spec.ts";

/** What {@link connectPkcs11} is given for one issuer object. */
export type Pkcs11Context = Pick<
  ConnectContext<Pkcs11Spec, ReturnType<typeof secretRefs>, ReturnType<typeof configMapRefs>>,
  "spec" | "secrets" | "configMaps" | "issuer"
>;

/**
 * The signer of one issuer object. Throws an {@link IssuerError} for what is wrong with the spec; tokens are first touched by
 * `check`, so a wrong PIN is not tried again by every retry of `connect`.
 */
export async function connectPkcs11(
  context: Pkcs11Context,
  options: Pkcs11IssuerOptions,
  pinGuard: CredentialGuard<HsmFault>,
): Promise<Pkcs11Signer> {
  const { spec, issuer } = context;
  const caChain = readCaChain(context);
  const [ca] = caChain;
  if (ca === undefined) throw new TypeError("orderChain never answers an empty chain");
  const operatorPin = await readOperatorPin(context, options);
  const tokens = spec.tokens.map((_, index) => readToken(context, index, options, operatorPin));
  const { onTokenState, callTimeoutMs, patienceMs } = options;
  // connect is called anew when the spec or a Secret has changed: then its PIN may be tried again.
  pinGuard.forget(issuer.uid);
  const key = new HsmKey({
    tokens: tokens.map(({ token }) => token),
    key: mergeKeys(tokens.map((token) => token.key).concat(spec.key ?? {})),
    spki: ca.spkiDer,
    pss: spec.rsaPss,
    sessions: spec.sessions,
    callTimeoutMs,
    patienceMs,
    onTokenState: onTokenState && ((state) => onTokenState(state, issuer)),
    pinGuard,
    owner: issuer.uid,
  });
  return new Pkcs11Signer({ key, caChain, profile: spec.profile, clock: options.clock ?? Date.now });
}

/** The CA first, then what is above it, the root too. */
function readCaChain({ spec, secrets, configMaps }: Pkcs11Context): readonly X509[] {
  const pem = secrets.certificate ?? configMaps.certificate ?? spec.certificate.inline ?? "";
  try {
    const { chain, root } = orderChain(pem);
    return root === undefined || root === chain[0] ? chain : [...chain, root];
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new IssuerError(`the CA certificate of the issuer is not usable: ${problem}`, { cause: error });
  }
}

function readToken(
  { spec, secrets }: Pkcs11Context,
  index: number,
  { modules }: Pkcs11IssuerOptions,
  operatorPin: string | undefined,
): { readonly token: HsmTokenOptions; readonly key: HsmKeyRef } {
  const { uri, label, serial, modulePath, pinSecretRef } = spec.tokens[index] ?? {};
  const where = `spec.tokens[${index}]`;
  if (uri !== undefined && (label !== undefined || serial !== undefined))
    throw new IssuerError(`${where} has a uri and a label or serial beside it; say it once`);
  const read = uri === undefined ? undefined : parsePkcs11Uri(uri);
  if (read?.modulePath !== undefined && modulePath !== undefined && read.modulePath !== modulePath)
    throw new IssuerError(`${where} names two modules; say it once`);
  const module = allowedModule(where, modulePath ?? read?.modulePath, modules);
  const token = read?.token ?? { label, serial };
  if (token.label === undefined && token.serial === undefined)
    throw new IssuerError(`${where} names no token; give its label or serial number`);
  const secretPin = secrets[pinName(index)];
  if (operatorPin !== undefined && secretPin !== undefined && pinSecretRef === undefined)
    throw new IssuerError("spec has pinSecretRef and operatorPin; use one of them");
  return {
    key: read?.key ?? {},
    token: {
      modulePath: module.path,
      moduleParameters: module.parameters,
      env: module.env,
      token,
      pin: withoutNewline(secretPin ?? operatorPin),
    },
  };
}

function allowedModule(
  where: string,
  path: string | undefined,
  modules: readonly Pkcs11ModuleOptions[],
): Pkcs11ModuleOptions {
  const [only, ...more] = modules;
  if (path === undefined && only !== undefined && more.length === 0) return only;
  const allowed = modules.find((module) => module.path === path);
  if (allowed !== undefined) return allowed;
  const paths = modules.map((module) => module.path).join(", ") || "none";
  throw new IssuerError(
    path === undefined
      ? `${where} names no module; the operator allows ${paths}`
      : `the modulePath of ${where} is not one that the operator allows, which are: ${paths}`,
  );
}

async function readOperatorPin(
  { spec, issuer }: Pkcs11Context,
  { pins = {} }: Pkcs11IssuerOptions,
): Promise<string | undefined> {
  const name = spec.operatorPin;
  if (name === undefined) return undefined;
  // Who may create an issuer in one namespace would sign with every key that the operator's PIN opens.
  if (issuer.namespace !== "")
    throw new IssuerError("operatorPin is for cluster issuers; give this issuer a pinSecretRef");
  const pin = Object.hasOwn(pins, name) ? pins[name] : undefined;
  if (pin === undefined)
    throw new IssuerError(
      `the operator has no PIN named ${JSON.stringify(name)}; see the flags of the issuer`,
    );
  if ("value" in pin) return pin.value;
  return readFile(pin.file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new IssuerError(
      `the operator's file with the PIN ${JSON.stringify(name)} cannot be read (${error.code})`,
    );
  });
}

/** An editor or `kubectl create secret --from-file` leaves a newline, which no PIN has: with it one try would be lost. */
function withoutNewline(pin: string | undefined): string | undefined {
  return pin?.replace(/\r?\n$/, "");
}

/** Each URI may name the key, and `spec.key` too; they must not contradict each other. */
function mergeKeys(refs: readonly HsmKeyRef[]): HsmKeyRef {
  const one = (values: readonly (string | undefined)[]): string | undefined => {
    const given = new Set(values.filter((value) => value !== undefined));
    if (given.size > 1)
      throw new IssuerError(
        "spec names several keys; all tokens must hold the same, under the same id and label",
      );
    return [...given][0];
  };
  return {
    id: one(refs.map(({ id }) => id?.toLowerCase())),
    label: one(refs.map(({ label }) => label)),
  };
}
