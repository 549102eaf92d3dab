/** EJBCA's names of reasons and their numbers in RFC 5280 §5.3.1; -1 where the certificate is not revoked. */
export const revocationReasons: Readonly<Record<string, number>> = Object.freeze({
  NOT_REVOKED: -1,
  UNSPECIFIED: 0,
  KEY_COMPROMISE: 1,
  CA_COMPROMISE: 2,
  AFFILIATION_CHANGED: 3,
  SUPERSEDED: 4,
  CESSATION_OF_OPERATION: 5,
  CERTIFICATE_HOLD: 6,
  REMOVE_FROM_CRL: 8,
  PRIVILEGES_WITHDRAWN: 9,
  AA_COMPROMISE: 10,
});
