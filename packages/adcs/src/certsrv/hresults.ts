/** What a code of the CA means for a request. */
export type HresultKind =
  /** The request is refused: another one may not be. */
  | "denied"
  /** Whatever is requested fails until somebody mends the issuer or the CA. */
  | "issuer"
  /** Over by itself. */
  | "retry"
  /** The CA knows no such request. */
  | "unknownRequest"
  /** The request is between two states. */
  | "inProgress";

/** One code, with its name in Microsoft's headers and what to do. */
export interface Hresult {
  readonly name: string;
  readonly kind: HresultKind;
  /** A sentence. */
  readonly hint: string;
}

const denied = (name: string, hint: string): Hresult => ({ name, kind: "denied", hint });
const issuer = (name: string, hint: string): Hresult => ({ name, kind: "issuer", hint });
const retry = (name: string, hint: string): Hresult => ({ name, kind: "retry", hint });

const noEnrollmentAgent =
  "The template wants signatures of enrolment agents, which this issuer has not. Use another template.";
const badEncoding =
  "The CA cannot read the request. Have it made by cert-manager, with an algorithm that the CA knows.";
const lacks = (what: string) =>
  `The template builds the subject from the directory, and the issuer's account has no ${what}. Let the template take the subject from the request ("Supply in the request").`;

/** Codes of winerror.h that a CA answers requests with. */
const known: Readonly<Record<number, Hresult>> = Object.freeze({
  2148091904: denied(
    "CERTSRV_E_UNSUPPORTED_CERT_TYPE",
    "The CA does not offer the template. Write its name (not its display name) into the issuer's template, and publish it at the CA (certutil -SetCAtemplates +NAME).",
  ),
  2148091905: denied("CERTSRV_E_NO_CERT_TYPE", "The CA wants a template. Name one in the issuer's template."),
  2148089873: denied(
    "CERTSRV_E_ENROLL_DENIED",
    "The issuer's account may not request certificates of this CA. Grant it Request Certificates in the CA's security.",
  ),
  2148089874: denied(
    "CERTSRV_E_TEMPLATE_DENIED",
    "The issuer's account may not use the template. Grant it Read and Enroll on the template.",
  ),
  2148089876: denied(
    "CERTSRV_E_ADMIN_DENIED_REQUEST",
    "Somebody denied the request at the CA. Ask them why.",
  ),
  2148089857: denied(
    "CERTSRV_E_BAD_REQUESTSUBJECT",
    "The CA does not accept the subject. Give the Certificate a subject, such as a commonName, that the template allows.",
  ),
  2148091919: denied("CERTSRV_E_SUBJECT_DNS_REQUIRED", lacks("DNS name")),
  2148091917: denied("CERTSRV_E_SUBJECT_UPN_REQUIRED", lacks("user principal name")),
  2148091922: denied("CERTSRV_E_SUBJECT_EMAIL_REQUIRED", lacks("e-mail address")),
  2148091918: denied("CERTSRV_E_SUBJECT_DIRECTORY_GUID_REQUIRED", lacks("directory GUID")),
  2148091907: denied(
    "CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED",
    "The template wants a subject alternative name. Give the Certificate dnsNames.",
  ),
  2148091921: denied(
    "CERTSRV_E_KEY_LENGTH",
    "The key is smaller than the template's minimum. Raise privateKey.size of the Certificate.",
  ),
  2148089878: denied(
    "CERTSRV_E_WEAK_SIGNATURE_OR_KEY",
    "The CA finds the key or the signature too weak. Use RSA of 2048 bits and more with SHA-256, or ECDSA.",
  ),
  2148091912: denied("CERTSRV_E_TEMPLATE_POLICY_REQUIRED", noEnrollmentAgent),
  2148091913: denied("CERTSRV_E_SIGNATURE_POLICY_REQUIRED", noEnrollmentAgent),
  2148091914: denied("CERTSRV_E_SIGNATURE_COUNT", noEnrollmentAgent),
  2148091915: denied("CERTSRV_E_SIGNATURE_REJECTED", noEnrollmentAgent),
  2148091916: denied("CERTSRV_E_ISSUANCE_POLICY_REQUIRED", noEnrollmentAgent),
  2148091906: denied(
    "CERTSRV_E_TEMPLATE_CONFLICT",
    "The request names one template and the issuer another. Make the request without a template.",
  ),
  2148091911: denied(
    "CERTSRV_E_BAD_TEMPLATE_VERSION",
    "The CA has another version of the template than the directory. Wait for replication, or publish it again.",
  ),
  2148091923: denied(
    "CERTSRV_E_UNKNOWN_CERT_TYPE",
    "The directory has no such template. Correct the issuer's template.",
  ),
  2148091908: denied(
    "CERTSRV_E_ARCHIVED_KEY_REQUIRED",
    "The template archives private keys, and cert-manager gives none away. Use another template.",
  ),
  2148089861: denied(
    "CERTSRV_E_INVALID_CA_CERTIFICATE",
    "The CA's certificate is not fit for this. Look at the CA.",
  ),
  2148073480: denied(
    "NTE_BAD_ALGID",
    "The CA does not know the key's algorithm. Use RSA or ECDSA with P-256, P-384 or P-521.",
  ),
  2148086027: denied("CRYPT_E_ASN1_BADTAG", badEncoding),
  2148086018: denied("CRYPT_E_ASN1_EOD", badEncoding),
  2148086019: denied("CRYPT_E_ASN1_CORRUPT", badEncoding),
  2147942487: denied("E_INVALIDARG", "The CA finds an argument wrong. Look at the issuer's attributes."),
  2148089858: {
    name: "CERTSRV_E_NO_REQUEST",
    kind: "unknownRequest",
    hint: "The CA knows no such request. Its database may have been restored.",
  },
  2148089860: {
    name: "CERTSRV_E_PROPERTY_EMPTY",
    kind: "unknownRequest",
    hint: "The CA knows nothing of the request. Its database may have been restored.",
  },
  2148089859: {
    name: "CERTSRV_E_BAD_REQUESTSTATUS",
    kind: "inProgress",
    hint: "The request's state is changing.",
  },
  2148089862: retry("CERTSRV_E_SERVER_SUSPENDED", "The CA is suspended or stops, as during a backup."),
  2148089871: retry(
    "CERTSRV_E_NO_DB_SESSIONS",
    "The CA's database has no session left. Lower the issuer's maxConcurrentSigns, or raise DBSessionCount.",
  ),
  2148089877: retry(
    "CERTSRV_E_NO_POLICY_SERVER",
    "The CA has no policy module that answers. Restart the CA.",
  ),
  2148081683: retry(
    "CRYPT_E_REVOCATION_OFFLINE",
    "The CA cannot get the revocation list of the CA above it. Publish a current one where its certificate says.",
  ),
  2148081682: retry(
    "CRYPT_E_NO_REVOCATION_CHECK",
    "The CA cannot check the revocation of its own certificate. Publish the list of the CA above it.",
  ),
  2147944122: retry(
    "RPC_S_SERVER_UNAVAILABLE",
    "The web server does not reach the CA. Start the service CertSvc, and look at the firewall between them.",
  ),
  2147944123: retry("RPC_S_SERVER_TOO_BUSY", "The CA is too busy."),
  2147944126: retry("RPC_S_CALL_FAILED", "The call from the web server to the CA broke off."),
  2147944127: retry("RPC_S_CALL_FAILED_DNE", "The call from the web server to the CA was not carried out."),
  2147942405: issuer(
    "E_ACCESSDENIED",
    "The CA does not let the web server in as the issuer's account. Where they are two hosts, allow the web server delegation to the CA (constrained, HOST and RPCSS), or use basic authentication; and grant the account Request Certificates.",
  ),
  2147746132: issuer(
    "REGDB_E_CLASSNOTREG",
    "The web enrolment is not set up. Run Install-AdcsWebEnrollment.",
  ),
});

/** The code's entry; undefined where it is not known here. */
export function hresultOf(code: number): Hresult | undefined {
  return known[code];
}

/** `0x80094800 (CERTSRV_E_UNSUPPORTED_CERT_TYPE)`, or the number alone. */
export function hresultText(code: number): string {
  const number = `0x${code.toString(16).toUpperCase().padStart(8, "0")}`;
  const name = known[code]?.name;
  return name === undefined ? number : `${number} (${name})`;
}

/** The code's number in a text of the CA, in any of the forms that it writes; undefined where there is none of a failure. */
export function findHresult(text: string): number | undefined {
  for (const [, hex, decimal] of text.matchAll(/0x([0-9a-f]{8})(?![0-9a-f])|(?<!\d)(-\d{9,10})(?!\d)/gi)) {
    const code = hex === undefined ? Number(decimal) + 2 ** 32 : Number.parseInt(hex, 16);
    // The top bit says that it is a failure.
    if (code >= 2 ** 31 && code < 2 ** 32) return code;
  }
  return undefined;
}
