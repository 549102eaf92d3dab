/** A certificate profile. */
export interface CertificateProfile {
  readonly name: string;
  readonly id: number;
  readonly keyAlgorithms: readonly string[];
  /** The check at issuance takes the list as a range, so that 256 to 4096 admits RSA-1024. */
  readonly bitLengths: readonly number[];
  readonly securityLevels: readonly number[];
  /** OpenSSL's names; empty for any. */
  readonly curves: readonly string[];
  readonly validityDays: number;
  readonly allowValidityOverride: boolean;
  /** Issuing revokes the end entity's other certificates of this profile. */
  readonly singleActive: boolean;
  readonly needsApproval: boolean;
  readonly extendedKeyUsage: readonly string[];
}

const lab: Omit<CertificateProfile, "name" | "id"> = Object.freeze({
  keyAlgorithms: ["RSA", "ECDSA"],
  bitLengths: [256, 384, 2048, 3072, 4096],
  securityLevels: [],
  curves: [],
  validityDays: 90,
  allowValidityOverride: false,
  singleActive: false,
  needsApproval: false,
  extendedKeyUsage: ["server auth"],
});

const builtIn: Omit<CertificateProfile, "name" | "id"> = Object.freeze({
  ...lab,
  keyAlgorithms: [
    "DSA",
    "ECDSA",
    "RSA",
    "Ed25519",
    "Ed448",
    "FALCON-512",
    "FALCON-1024",
    "DILITHIUM2",
    "DILITHIUM3",
    "DILITHIUM5",
    "NTRU",
  ],
  bitLengths: [
    0, 110, 112, 113, 126, 128, 131, 160, 161, 162, 163, 167, 173, 179, 189, 190, 191, 192, 193, 224, 225,
    232, 233, 236, 237, 238, 239, 256, 257, 281, 282, 289, 307, 320, 353, 367, 384, 407, 409, 418, 431, 512,
    521, 570, 1024, 1536, 2048, 3072, 4096, 6144, 8192,
  ],
  securityLevels: [128, 192, 256],
  validityDays: 730,
});

/**
 * The profiles of the recorded server, by name. Ids are the recorded ones; those of LabTLS-Strict, -ValidityOverride and
 * -SingleActive were never seen and are made up.
 */
export function labCertificateProfiles(): Map<string, CertificateProfile> {
  const profiles: CertificateProfile[] = [
    { ...lab, name: "LabTLS", id: 424012080 },
    {
      ...lab,
      name: "LabTLS-Strict",
      id: 1000000001,
      bitLengths: [2048, 3072, 4096],
      curves: ["prime256v1", "secp384r1"],
    },
    { ...lab, name: "LabTLS-ValidityOverride", id: 1000000002, allowValidityOverride: true },
    { ...lab, name: "LabTLS-SingleActive", id: 1000000003, singleActive: true },
    { ...lab, name: "LabTLS-Approval", id: 781942697, needsApproval: true },
    { ...lab, name: "LabTLS-NotInEEP", id: 1520390572 },
    { ...builtIn, name: "SERVER", id: 9 },
    { ...builtIn, name: "ENDUSER", id: 1, extendedKeyUsage: ["client auth", "email protection"] },
    { ...builtIn, name: "SUBCA", id: 2, extendedKeyUsage: [] },
  ];
  return new Map(profiles.map((profile) => [profile.name, profile]));
}
