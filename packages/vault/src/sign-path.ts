import { IssuerError } from "@countersign/issuer-signer";

/** Which of Vault's ways to sign a CSR: by a role, with the CSR's own content, or as a CA. */
export type SignMode = "sign" | "sign-verbatim" | "sign-intermediate";

/** Where CSRs go, taken apart. */
export interface SignPath {
  /** Below `/v1/`, without slashes at its ends, such as `pki_int/sign/web`. */
  readonly path: string;
  readonly mode: SignMode;
  /** Mount of the PKI engine, such as `pki_int`. */
  readonly mount: string;
  /** Undefined for `sign-intermediate`, and for `sign-verbatim` without a role. */
  readonly role: string | undefined;
  /** Undefined where the role, or the mount's default, chooses the CA. */
  readonly issuerRef: string | undefined;
}

/** The parts that a user may give instead of a path. */
export interface SignPathParts {
  readonly mount: string;
  readonly role?: string | undefined;
  readonly issuerRef?: string | undefined;
  readonly mode: SignMode;
}

const shapes =
  "MOUNT/sign/ROLE, MOUNT/sign-verbatim/ROLE, MOUNT/root/sign-intermediate, or the same below MOUNT/issuer/REF";

/**
 * Reads the path of an issuer's spec, as the built-in issuer takes it: with or without slashes at its ends and `v1/`.
 *
 * @throws IssuerError with the path to use instead of `issue`, which makes Vault choose the key
 */
export function parseSignPath(given: string): SignPath {
  const path = trimmed(given).replace(/^v1\//, "");
  for (const segment of path.split("/")) assertSegment("path", segment);
  const issue = /^(.+?\/)(issue)\/([^/]+)$/.exec(path);
  if (issue !== null) {
    const better = `${issue[1]}sign/${issue[3]}`;
    throw new IssuerError(
      `The path "${path}" makes Vault generate a key of its own, so its certificate would not fit the request. Use "${better}".`,
    );
  }
  const [, mount = "", issuerRef, mode, role] =
    /^(.+?)(?:\/issuer\/([^/]+))?\/(sign|sign-verbatim)\/([^/]+)$/.exec(path) ??
    /^(.+?)(?:\/issuer\/([^/]+))?\/(sign-verbatim)$/.exec(path) ??
    /^(.+?)(?:\/issuer\/([^/]+)|\/root)\/(sign-intermediate)$/.exec(path) ??
    [];
  if (mode === undefined)
    throw new IssuerError(`The path "${path}" does not lead to signing in a PKI engine. Use ${shapes}.`);
  return { path, mode: mode as SignMode, mount, role, issuerRef };
}

/**
 * Makes the path from its parts.
 *
 * @throws IssuerError where the mode needs a role, or cannot have one
 */
export function signPathOf({ mount: given, role, issuerRef, mode }: SignPathParts): SignPath {
  const mount = trimmed(given).replace(/^v1\//, "");
  for (const segment of mount.split("/")) assertSegment("mount", segment);
  if (role !== undefined) assertSegment("role", role);
  if (issuerRef !== undefined) assertSegment("issuerRef", issuerRef);
  if (mode === "sign" && role === undefined)
    throw new IssuerError("To sign by a role, Vault needs its name. Set role beside mount.");
  if (mode === "sign-intermediate" && role !== undefined)
    throw new IssuerError("Vault signs CA certificates without a role. Remove role, or choose another mode.");
  const root = mode === "sign-intermediate" ? `${mount}/root` : mount;
  const base = issuerRef === undefined ? root : `${mount}/issuer/${issuerRef}`;
  const path = role === undefined ? `${base}/${mode}` : `${base}/${mode}/${role}`;
  return { path, mode, mount, role, issuerRef };
}

/** The path at which the same CA signs CA certificates. */
export function intermediatePath({ mount, issuerRef }: SignPath): string {
  return `${issuerRef === undefined ? `${mount}/root` : `${mount}/issuer/${issuerRef}`}/sign-intermediate`;
}

function trimmed(text: string): string {
  return text.trim().replace(/^\/+|\/+$/g, "");
}

/** What a URL would change or cut off must not be in a path that policies speak about. */
function assertSegment(field: string, segment: string): void {
  if (!/^[^\s\p{Cc}/?#%\\]{1,256}$/u.test(segment) || /^\.{1,2}$/.test(segment))
    throw new IssuerError(
      `The ${field} of the issuer's spec has a part that is empty or no name in Vault. Use ${shapes}.`,
    );
}
