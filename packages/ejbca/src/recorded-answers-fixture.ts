/** Which call was answered. */
export type AnsweredCall = "enrol" | "existing" | "list" | "search";

/** One answer of a real EJBCA CE 8.2.0.1, and what it is to be. */
export interface RecordedAnswer {
  /** Of the recording. */
  readonly id: string;
  readonly call: AnsweredCall;
  readonly status: number;
  /** `error_message`, or a body that is no JSON. */
  readonly text: string;
  readonly code: "ISSUER" | "REQUEST_REJECTED" | "RETRYABLE";
  /** Whether nothing can have been issued; undefined where the code says so. */
  readonly issuedNothing: boolean | undefined;
  /** Words of the error's message. */
  readonly words: string;
}

/** Every message that an enrolment, the CA list and the search were refused with, and the pages of restarts. */
const table = String.raw`
00:disabled-ca-list | list | 403 | ISSUER | protocol is disabled | <html><head><title>Error</title></head><body>This service has been disabled.</body></html>
00:disabled-enroll | enrol | 403 | ISSUER | protocol is disabled | <html><head><title>Error</title></head><body>This service has been disabled.</body></html>
01:rest-list-over-http | list | 302 | ISSUER | https:// | 
02:ca-list-nocert | list | 403 | ISSUER | did not arrive | Error no client certificate or OAuth token received for authentication.
02:ca-list-norole | list | 403 | ISSUER | /administrator/ | Administrator is not authorized to resource /administrator. Msg: .
03:empty-subject-EMPTY-eep | enrol | 400 | REQUEST_REJECTED | demands the field COMMONNAME | Subject DN field 'COMMONNAME' must exist.
04:re-5-other-user-same-dn | enrol | 400 | REQUEST_REJECTED | Enforce unique DN | User 'rx-user-b' is not allowed to use same subject DN as the user(s) 'rx-user' is/are using while issued by the same CA (even if CN postfix is used). See setting for 'Enforce unique DN' in the section Certification Authorities.
04:re-6-other-user-same-key | enrol | 400 | REQUEST_REJECTED | same key | User 'rx-user-c' is not allowed to use same key as another user is using.
04b:pm-auto-none-2 | enrol | 400 | REQUEST_REJECTED | Auto-generated | No password in request.
05:err-ca-unknown | enrol | 400 | ISSUER | certificateAuthorityName | CA with name "NoSuchCA" doesn't exist
05:err-cp-unknown | enrol | 400 | ISSUER | certificateProfileName | Certificate profile with name "NoSuchProfile" doesn't exist
05:err-eep-unknown | enrol | 400 | ISSUER | endEntityProfileName | End Entity Profile of name "NoSuchEEP" was not found
05:err-cp-not-in-eep | enrol | 400 | ISSUER | does not list the certificate profile | Couldn't find certificate profile (1520390572) among available certificate profiles.
05:err-ca-not-in-eep | enrol | 400 | ISSUER | does not list the CA | Couldn't find CA (24613267) among End Entity Profiles Available CAs.
05:err-san-not-allowed | enrol | 400 | REQUEST_REJECTED | so many fields DNSNAME | Wrong number of DNSNAME fields in Subject Alternative Name.
05:err-dn-field-not-allowed | enrol | 400 | REQUEST_REJECTED | so many fields ORGANIZATION | Wrong number of ORGANIZATION fields in Subject DN.
05:err-fixed-org | enrol | 400 | REQUEST_REJECTED | fixes the field ORGANIZATION | End entity profile does not contain matching field for ORGANIZATION with value "Evil Org".
05:err-email-san | enrol | 400 | REQUEST_REJECTED | so many fields RFC822NAME | Wrong number of RFC822NAME fields in Subject Alternative Name.
05:err-csr-garbage | enrol | 400 | REQUEST_REJECTED | cannot read the request | Invalid certificate request
05:err-csr-bad-signature | enrol | 400 | REQUEST_REJECTED | cannot read the request | POPO verification failed.
05:err-key-ed25519 | enrol | 400 | REQUEST_REJECTED | size or curve of key | Illegal key algorithm, not authorized by certificate profile: Ed25519.
05:err-username-missing | enrol | 400 | ISSUER | endEntityName | Username cannot be empty or null.
05:err-username-long | enrol | 500 | RETRYABLE? | general failure | General failure.
05:err-ca-missing | enrol | 400 | ISSUER | certificateAuthorityName | CA with name "null" doesn't exist
05:err-cp-missing | enrol | 400 | ISSUER | certificateProfileName | Certificate profile with name "null" doesn't exist
05:err-ctype-text | enrol | 415 | ISSUER | no such REST resource | RESTEASY003065: Cannot consume content type
05b:key-rsa1024 | enrol | 400 | REQUEST_REJECTED | size or curve of key | Illegal key length, not authorized by certificate profile: 1024.
05b:key-rsa8192 | enrol | 400 | REQUEST_REJECTED | size or curve of key | Illegal key length, not authorized by certificate profile: 8192.
05b:key-p521 | enrol | 400 | REQUEST_REJECTED | size or curve of key | createcert.illegaleccurve, secp521r1
05b:key-p224 | enrol | 400 | REQUEST_REJECTED | size or curve of key | createcert.illegaleccurve, secp224r1
05b:key-k1 | enrol | 400 | REQUEST_REJECTED | size or curve of key | createcert.illegaleccurve, secp256k1
06:auth-nocert | enrol | 403 | ISSUER | did not arrive | Error no client certificate or OAuth token received for authentication.
06:auth-norole | enrol | 403 | ISSUER | /administrator/ | Administrator is not authorized to resource /administrator. Msg: .
06:auth-revoked | enrol | 403 | ISSUER | revoked | Authentication failed. Further information: No admin authenticated for certificate with serialNumber 675742490988031499952205129917990837755518551375 and issuerDN 'CN=ManagementCA,O=EJBCA Lab,C=SE'.
06:auth-bearer-garbage | enrol | 403 | ISSUER | OAuth provider | Authentication failed using OAuth Bearer Token
07:cr-again-generated | existing | 400 | RETRYABLE! | used up | Got request with status GENERATED (40). Status NEW, FAILED or INPROCESS required: cr1.
07:cr-wrong-password | existing | 400 | REQUEST_REJECTED | enrolment code | Got request for user with invalid password: cr2.
07:cr-unknown-user | existing | 400 | REQUEST_REJECTED | enrolment code | Wrong username or password
07:cr-no-password | existing | 500 | RETRYABLE? | general failure | General failure.
07:cr-key-conflict | existing | 409 | REQUEST_REJECTED | unique ones | Failed to generate certificate due to the new certificate conflicting with an existing one.
07:cr-bad-csr | existing | 400 | REQUEST_REJECTED | cannot read the request | Failed to generate certificate due to malformed CSR.
07:cr-nocert | existing | 403 | ISSUER | did not arrive | Error no client certificate or OAuth token received for authentication.
07:cr-wrong-password-1 | existing | 400 | REQUEST_REJECTED | enrolment code | Got request for user with invalid password: cr6.
07b:cr8-unknown-ca | existing | 404 | RETRYABLE? | has issued all the same | CA with name NoSuchCA doesn't exist.
08:s-nocert | search | 403 | ISSUER | did not arrive | Error no client certificate or OAuth token received for authentication.
10:ap-p10 | enrol | 400 | ISSUER | approvals | Single transaction enrollment request rejected since approvals are enabled for this CA (-270612655) or Certificate Profile (781942697).
10b:ap-cr | existing | 400 | RETRYABLE! | used up | Got request with status GENERATED (40). Status NEW, FAILED or INPROCESS required: ap2.
11:token-inactive | enrol | 400 | RETRYABLE! | crypto token | CA token is offline for CA 'CN=LabDownCA,O=EJBCA Lab,C=SE'.
11:token-inactive-cr | existing | 503 | RETRYABLE! | crypto token | Device was unavailable.
11:ca-offline | enrol | 400 | RETRYABLE! | offline, has expired | signsession.canotactive, CN=LabDownCA,O=EJBCA Lab,C=SE
11:ca-offline-cr | existing | 500 | RETRYABLE? | CA is offline | <html><head><title>ERROR</title><style>\nbody {\n    font-family: "Lucida Grande", "Lucida S
11:ca-expired | enrol | 400 | RETRYABLE! | offline, has expired | signsession.canotactive, CN=LabShortCA,O=EJBCA Lab,C=SE
13:rb2-enroll | enrol | 403 | ISSUER | /ca/ | Administrator 'CN=issuer,O=EJBCA Lab' not authorized to CA LabIssuingCA.
13:rb3-enroll | enrol | 403 | ISSUER | /ca_functionality/create_certificate/ | Administrator is not authorized to resource /ca_functionality/create_certificate. Msg: .
13:rb-otherca | enrol | 403 | ISSUER | /ca/ | Administrator 'CN=issuer,O=EJBCA Lab' not authorized to CA LabECCA.
13:rb-othereep | enrol | 403 | ISSUER | create_end_entity and edit_end_entity | Administrator not authorized to end entity profile 1833549433. Admin: CN=issuer,O=EJBCA Lab.
13b:l1-enroll | enrol | 403 | ISSUER | create_end_entity and edit_end_entity | Administrator not authorized to end entity profile 178038832. Admin: CN=issuer,O=EJBCA Lab.
14:oa-expired | list | 403 | ISSUER | clocks | Authentication failed using OAuth Bearer Token. JWT token has expired.
14:oa-nbf | list | 403 | ISSUER | OAuth provider | Authentication failed using OAuth Bearer Token
14:oa-sub-enroll | enrol | 403 | ISSUER | /ca/ | Administrator 'stranger' not authorized to CA LabIssuingCA.
17:dn-two-ou | enrol | 400 | REQUEST_REJECTED | so many fields ORGANIZATIONALUNIT | Wrong number of ORGANIZATIONALUNIT fields in Subject DN.
17:dn-two-cn | enrol | 400 | REQUEST_REJECTED | so many fields COMMONNAME | Wrong number of COMMONNAME fields in Subject DN.
17:dn-locality | enrol | 400 | REQUEST_REJECTED | so many fields LOCALITY | Wrong number of LOCALITY fields in Subject DN.
17:dn-serialnumber | enrol | 400 | REQUEST_REJECTED | so many fields SERIALNUMBER | Wrong number of SERIALNUMBER fields in Subject DN.
17:cp-enduser | enrol | 400 | ISSUER | does not list the certificate profile | Couldn't find certificate profile (1) among available certificate profiles.
17:cp-subca | enrol | 400 | ISSUER | does not list the certificate profile | Couldn't find certificate profile (2) among available certificate profiles.
17:cp-case | enrol | 400 | ISSUER | certificateProfileName | Certificate profile with name "labtls" doesn't exist
17:cp-space | enrol | 400 | ISSUER | certificateProfileName | Certificate profile with name "LabTLS " doesn't exist
17:eep-case | enrol | 400 | ISSUER | endEntityProfileName | End Entity Profile of name "labeep-password" was not found
17:ca-case | enrol | 400 | ISSUER | certificateAuthorityName | CA with name "labissuingca" doesn't exist
17:ca-space | enrol | 400 | ISSUER | certificateAuthorityName | CA with name "LabIssuingCA " doesn't exist
17:ca-dn | enrol | 400 | ISSUER | certificateAuthorityName | CA with name "CN=LabIssuingCA,O=EJBCA Lab,C=SE" doesn't exist
22:val-rsa2048 | enrol | 400 | REQUEST_REJECTED | key validator | org.cesecore.keys.validation.ValidationException: Key Validator 'LabRsa4096' could not validate sufficient key quality for public key [Invalid: RSA key size/strength: Use one of the following [4096].].
22:kr-2 | enrol | 400 | REQUEST_REJECTED | same key | User 'kr' is not allowed to use same key as another certificate is using.
23:db-back-later-list | list | 500 | RETRYABLE? | general failure | General failure.
23:db-back-later-search | search | 500 | RETRYABLE? | general failure | General failure.
15b:race | enrol | 400 | RETRYABLE! | at this moment | User same-user already exists.
17-fr:token | enrol | 400 | RETRYABLE! | crypto token | Le token de l'AC 'CN=LabDownCA' est hors ligne.
20:suspend-enroll-4.6s | enrol | 503 | RETRYABLE! | suspended | <html><head><title>Error</title></head><body>503 - Service Unavailable</body></html>
20:reload-enroll-3.5s | enrol | 404 | RETRYABLE! | restarts | <html><head><title>Error</title></head><body>404 - Not Found</body></html>
21:redeploy-enroll-16.0s | enrol | 500 | RETRYABLE? | restarts | <html><head><title>Error</title></head><body>500 - Internal Server Error</body></html>
21:redeploy-list-3.9s | list | 404 | RETRYABLE! | restarts | <html><head><title>Error</title></head><body>404 - Not Found</body></html>
`;

function readLine(line: string): RecordedAnswer {
  const [id = "", call = "", status = "", code = "", words = "", ...text] = line.split(" | ");
  return {
    ...{ id, words, call: call as AnsweredCall, status: Number(status) },
    text: text.join(" | ").replaceAll("\\n", "\n"),
    code: code.replace(/[!?]$/, "") as RecordedAnswer["code"],
    issuedNothing: code.endsWith("!") ? true : code.endsWith("?") ? false : undefined,
  };
}

/** The lines of the table. A code ends in `!` where nothing can have been issued, in `?` where something may. */
export const recordedAnswers: readonly RecordedAnswer[] = table.trim().split("\n").map(readLine);
