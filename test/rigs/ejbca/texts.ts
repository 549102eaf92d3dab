/**
 * Messages of EJBCA CE 8.2.0.1 with its English language bundle, as recorded from a real server. Two keys have no text in
 * that version and appear raw: `signsession.canotactive` and `createcert.illegaleccurve`.
 */
export const texts = Object.freeze({
  generalFailure: "General failure.",
  noCredential: "Error no client certificate or OAuth token received for authentication.",
  notAuthorised: (resource: string) => `Administrator is not authorized to resource ${resource}. Msg: .`,
  notAuthorisedToCa: (admin: string, ca: string) => `Administrator '${admin}' not authorized to CA ${ca}.`,
  notAuthorisedToProfile: (id: number, admin: string) =>
    `Administrator not authorized to end entity profile ${id}. Admin: ${admin}.`,
  notAuthorisedToRevoke: "Administrator not authorized to revoke end entities.",
  revokedAdmin: (serial: bigint, issuer: string) =>
    `Authentication failed. Further information: No admin authenticated for certificate with serialNumber ${serial} and issuerDN '${issuer}'.`,
  badToken: "Authentication failed using OAuth Bearer Token",
  expiredToken: "Authentication failed using OAuth Bearer Token. JWT token has expired.",

  noResource: (url: string) => `RESTEASY003210: Could not find resource for full path: ${url}`,
  noMethod: (method: string) =>
    `RESTEASY003650: No resource method found for ${method}, return 405 with Allow header`,
  noMatchForAccept: "RESTEASY003635: No match for accept header",
  contentType: "RESTEASY003065: Cannot consume content type",
  badQueryParameter: (name: string, value: string) =>
    `RESTEASY003870: Unable to extract parameter from http request: javax.ws.rs.QueryParam("${name}") value is '${value}'`,

  noCa: (name: string) => `CA with name "${name}" doesn't exist`,
  noCaAfterIssuing: (name: string) => `CA with name ${name} doesn't exist.`,
  noCaWithId: (id: number) => `CA with ID ${id} doesn't exist`,
  noCaToRevokeAt: (id: number) => `CA with id ${id} does not exist.`,
  noCaWithDn: (dn: string) => `CA '${dn}' does not exist.`,
  noCertificateProfile: (name: string) => `Certificate profile with name "${name}" doesn't exist`,
  noEndEntityProfile: (name: string) => `End Entity Profile of name "${name}" was not found`,
  profileNotAvailable: (id: number) =>
    `Couldn't find certificate profile (${id}) among available certificate profiles.`,
  caNotAvailable: (id: number) => `Couldn't find CA (${id}) among End Entity Profiles Available CAs.`,
  fieldMissing: (field: string) => `Subject DN field '${field}' must exist.`,
  wrongNumberInDn: (field: string) => `Wrong number of ${field} fields in Subject DN.`,
  wrongNumberInSan: (field: string) => `Wrong number of ${field} fields in Subject Alternative Name.`,
  wrongValue: (field: string, value: string) =>
    `End entity profile does not contain matching field for ${field} with value "${value}".`,

  badRequest: "Invalid certificate request",
  noUsername: "Username cannot be empty or null.",
  noPassword: "No password in request.",
  alreadyExists: (username: string) => `User ${username} already exists.`,
  noProofOfPossession: "POPO verification failed.",
  keyAlgorithm: (name: string) => `Illegal key algorithm, not authorized by certificate profile: ${name}.`,
  keyLength: (bits: number) => `Illegal key length, not authorized by certificate profile: ${bits}.`,
  curve: (name: string) => `createcert.illegaleccurve, ${name}`,
  keyValidator: (name: string, sizes: readonly number[]) =>
    `org.cesecore.keys.validation.ValidationException: Key Validator '${name}' could not validate sufficient key quality for public key [Invalid: RSA key size/strength: Use one of the following [${sizes.join(", ")}].].`,
  sameDn: (username: string, others: readonly string[]) =>
    `User '${username}' is not allowed to use same subject DN as the user(s) ${others.map((other) => `'${other}'`).join(", ")} is/are using while issued by the same CA (even if CN postfix is used). See setting for 'Enforce unique DN' in the section Certification Authorities.`,
  sameKey: (username: string) =>
    `User '${username}' is not allowed to use same key as another user is using.`,
  sameKeyAgain: (username: string) =>
    `User '${username}' is not allowed to use same key as another certificate is using.`,
  approvalsEnabled: (ca: number, profile: number) =>
    `Single transaction enrollment request rejected since approvals are enabled for this CA (${ca}) or Certificate Profile (${profile}).`,
  caNotActive: (dn: string) => `signsession.canotactive, ${dn}`,
  tokenOffline: (dn: string) => `CA token is offline for CA '${dn}'.`,

  wrongUsernameOrPassword: "Wrong username or password",
  wrongPassword: (username: string) => `Got request for user with invalid password: ${username}.`,
  wrongStatus: (status: string, username: string) =>
    `Got request with status ${status}. Status NEW, FAILED or INPROCESS required: ${username}.`,
  conflict: "Failed to generate certificate due to the new certificate conflicting with an existing one.",
  malformedCsr: "Failed to generate certificate due to malformed CSR.",
  deviceUnavailable: "Device was unavailable.",

  search: Object.freeze({
    noMaximum: "Invalid maximum number of results, cannot be null.",
    maximumTooLow: "Invalid maximum number of results, cannot be less or equal to zero.",
    maximumTooHigh: "Invalid maximum number of results, cannot be more than 400.",
    noCriteria: "Invalid criteria value, cannot be empty.",
    multiple: (property: string) =>
      `Invalid criteria value, multiple '${property}' properties are not allowed.`,
    property: "Invalid search criteria's property, unrecognized.",
    operation: "Invalid search criteria's operation, unrecognized.",
    date: "Invalid search criteria content, value does not contain proper date.",
    unknown: (what: string) => `Invalid search criteria content, unknown ${what}.`,
  }),
  unknownProfile: "Invalid search criteria, unknown certificate profile.",
  currentPage: "Current page must be greater 0.",

  badReason: "Invalid revocation reason.",
  futureDate: (date: string) => `Date in the future: '${date}'.`,
  badDate: (date: string) =>
    `'${date}' is not a valid ISO8601 date. Example of a valid date: 2012-06-07T23:55:59+02:00`,
  backDated: (profile: string, serial: string, issuer: string) =>
    `Back dated revocation not allowed for certificate profile '${profile}'. Certificate serialNumber '${serial}', issuerDN '${issuer}'.`,
  badSerial:
    "Invalid serial number format. Should be HEX encoded (optionally with '0x' prefix) e.g. '0x10782a83eef170d4'",
  notFoundToRevoke: (issuer: string, serial: string) =>
    `Could not find end entity certificate. Issuer ${issuer}, serialNo ${serial}.`,
  notFound: (issuer: string, serial: string) =>
    `Certificate with serial number '${serial}' and issuer DN '${issuer}' was not found`,
  alreadyRevoked: (issuer: string, serial: string) =>
    `Certificate with issuer: ${issuer} and serial number: ${serial} has previously been revoked. Revocation reason could not be changed or was not allowed.`,
  notOnHold: (issuer: string, serial: string) =>
    `Not allowed to unrevoke a certificate that is not on hold. Issuer ${issuer}, serialNo ${serial}.`,
  revoked: "Successfully revoked",
  revocationWaits: "Revocation has been sent for approval by authorized administrators.",
  approvalExists: (id: number) => `Approval request with approvalID ${id} already exists.`,

  requestWaits: (id: string) => `Request with Id '${id}' is still waiting for approval`,
  requestUnknown: (id: string) => `Could not find request with Id '${id}'`,
  requestRejected: (id: string) => `Request with Id '${id}' has been rejected`,
  requestFinalised: (id: string) => `Enrollment with Id '${id}' has already been finalized`,
  keystoreForCsr:
    "Invalid response format. Cannot create keystore for certificate request  with user generated keys",
  noResponseFormat: "Invalid parameter: response_format",
});

/** Pages that are not JSON. The container's own come while the application is not there, so they mean "try again". */
export const pages = Object.freeze({
  disabled: page("This service has been disabled."),
  notFound: page("404 - Not Found"),
  serverError: page("500 - Internal Server Error"),
  unavailable: page("503 - Service Unavailable"),
  tokenDisconnected: (ca: string) => page(`\nCA: Error CA Token is disconnected, CA Name : ${ca}`),
  databaseGone: page(
    "\nDB: Error creating connection to database: org.hibernate.exception.GenericJDBCException: could not prepare statement",
  ),
  /** What certificaterequest answers while the CA is offline; the real page has 15 KB, mostly of stack. */
  stackTrace: (path: string) =>
    `<html><head><title>ERROR</title><style>\nbody {\n    margin: 5px;\n}\n</style></head><body><div class="header"><div class="error-div"></div><div class="error-text-div">Error processing request</div></div><div class="label">Context Path:</div><div class="value">/ejbca/ejbca-rest-api</div><br/><div class="label">Path Info:</div><div class="value">${path}</div><br/><div class="label">Stack Trace:</div><div class="value"></div><br/><pre>java.lang.NullPointerException: Cannot invoke "Object.getClass()" because "exception" is null\n\tat deployment.ejbca.ear.ejbca-rest-api.war//org.ejbca.ui.web.rest.api.config.ExceptionHandler.mapManagedException(ExceptionHandler.java:155)\n</pre></body></html>`,
});

function page(body: string): string {
  return `<html><head><title>Error</title></head><body>${body}</body></html>`;
}
