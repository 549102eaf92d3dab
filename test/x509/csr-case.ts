import { hostileEncodings } from "../../packages/signer/src/x509/hostile-csr-encoding-fixture.ts";
import type { HostileCase } from "../../packages/signer/src/x509/hostile-csr-fixture.ts";
import { hostileKeys } from "../../packages/signer/src/x509/hostile-csr-key-fixture.ts";
import { hostileNames } from "../../packages/signer/src/x509/hostile-csr-names-fixture.ts";
import { hostileSignatures } from "../../packages/signer/src/x509/hostile-csr-signature-fixture.ts";
import { keyCases } from "./csr-case-keys.ts";
import { nameCases } from "./csr-case-names.ts";
import { profileCases } from "./csr-case-profiles.ts";
import { textCases } from "./csr-case-texts.ts";
import { usageCases } from "./csr-case-usages.ts";

/** One request with the spec of its CertificateRequest, and what this project makes of it. */
export interface CsrCase {
  readonly name: string;
  /** PEM, or DER that is yet to be put into PEM. */
  readonly request: () => string | Uint8Array;
  /** False unless given. */
  readonly isCA?: boolean;
  /** cert-manager's words; its defaults unless given. */
  readonly usages?: readonly string[];
  readonly unknownCriticalExtensions?: "drop";
  /** Issued, or refused with this text. */
  readonly ours: "issued" | RegExp;
}

/** The toolkit's own tables of hostile requests, each refused. */
const hostileCases: readonly CsrCase[] = [
  hostileEncodings,
  hostileKeys,
  hostileNames,
  hostileSignatures,
].flatMap((table: readonly HostileCase[]) => table.map(([name, request, ours]) => ({ name, request, ours })));

/** Every request that this project and cert-manager are compared on. */
export const csrCases: readonly CsrCase[] = [
  ...hostileCases,
  ...keyCases,
  ...nameCases,
  ...usageCases,
  ...profileCases,
  ...textCases,
];
