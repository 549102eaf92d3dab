export { type BuildCertificateOptions, buildCertificate } from "./build-certificate.ts";
export {
  type BuildCrlOptions,
  buildCrl,
  type Crl,
  type RevocationReason,
  type RevokedCertificate,
  revocationReasons,
} from "./build-crl.ts";
export { type BuildCsrOptions, buildCsr } from "./build-csr.ts";
export {
  assertKeyMatches,
  assertUsableCa,
  type NewSelfSignedCaOptions,
  newPrivateKey,
  newSelfSignedCa,
} from "./ca-certificate.ts";
export {
  type CaSigner,
  keyAlgorithmOf,
  type SignatureAlgorithmOptions,
  signatureAlgorithmForKey,
  softwareCaSigner,
} from "./ca-signer.ts";
export { parseCertificate, parseCertificates, type X509 } from "./certificate.ts";
export { CertificateCache } from "./certificate-cache.ts";
export { type Csr, parseCsr } from "./certification-request.ts";
export { type OrderChainOptions, type OrderedChain, orderChain } from "./chain.ts";
export { assertCsrAgrees, type RequestedProfile } from "./csr-agreement.ts";
export { ecdsaSignatureToDer } from "./ecdsa-signature.ts";
export type { SubjectAttribute } from "./encode-name.ts";
export type { BasicConstraints, Extension } from "./extensions.ts";
export type { OtherGeneralName, SubjectNames } from "./general-names.ts";
export { type CaProfile, type IssueFromCaOptions, issueFromCa } from "./issue-from-ca.ts";
export type { IssuedMismatch, RequestedCertificate } from "./issued-mismatch.ts";
export { pathFromLeaf } from "./path-from-leaf.ts";
export { encodePem, pemLimits } from "./pem.ts";
export { parsePkcs7Certificates } from "./pkcs7.ts";
export { parsePrivateKey } from "./private-key.ts";
export type { CurveName, KeyAlgorithm } from "./public-key.ts";
export { type SelfSignCaOptions, selfSignCa } from "./self-sign-ca.ts";
export { deterministicSerial, randomSerial } from "./serial.ts";
export type { SignatureAlgorithm } from "./signature-algorithm.ts";
export { defaultUsages, type ResolvedUsages, resolveUsages } from "./usages.ts";
export {
  type VerifiedIssue,
  type VerifyIssuedOptions,
  verifyIssued,
} from "./verify-issued.ts";
