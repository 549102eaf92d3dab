import type { Approvals } from "./approvals.ts";
import type { CertificateAuthority } from "./authorities.ts";
import type { CertificateProfile } from "./certificate-profiles.ts";
import type { CertificateStore } from "./certificate-store.ts";
import type { EndEntities } from "./end-entities.ts";
import type { EndEntityProfile } from "./end-entity-profiles.ts";
import type { Ledger } from "./ledger.ts";
import type { TokenVerifier } from "./oauth-tokens.ts";
import type { RevocationApprovals } from "./revocation-approvals.ts";
import type { Role } from "./roles.ts";

/** Everything that the simulator knows: what its resources read and change. */
export interface World {
  readonly now: () => Date;
  /** What the status resources say, such as `EJBCA 8.2.0.1 Enterprise (working copy)`. */
  readonly revision: string;
  readonly authorities: ReadonlyMap<string, CertificateAuthority>;
  readonly certificateProfiles: Map<string, CertificateProfile>;
  readonly endEntityProfiles: Map<string, EndEntityProfile>;
  readonly endEntities: EndEntities;
  readonly store: CertificateStore;
  readonly ledger: Ledger;
  readonly roles: Map<string, Role>;
  readonly approvals: Approvals;
  readonly revocationApprovals: RevocationApprovals;
  /** Serial numbers (upper-case hexadecimal, decimal digits of any count) of administrators' certificates that are revoked. */
  readonly revokedAdmins: Set<string>;
  /** REST protocols that are switched on. */
  readonly protocols: Set<string>;
  readonly tokens: TokenVerifier;
  readonly serialNumber: () => Uint8Array;
}
