/** The switch that each part of the REST interface hangs on; there is none for what is not named. */
const switches: Readonly<Record<string, string>> = Object.freeze({
  "v1/ca": "REST Certificate Management",
  "v1/certificate": "REST Certificate Management",
  "v2/certificate": "REST Certificate Management V2",
  "v1/ca_management": "REST CA Management",
  "v1/coap": "REST Coap Management",
  "v1/cryptotoken": "REST Crypto Token Management",
  "v1/endentity": "REST End Entity Management",
  "v2/endentity": "REST End Entity Management V2",
  "v1/configdump": "REST Configdump",
  "v1/ssh": "REST SSH V1",
  "v1/system": "REST System V1",
});

/** What is on while nearly all was recorded; a fresh server has every one of them off. */
export const labProtocols: readonly string[] = Object.freeze([
  "REST Certificate Management",
  "REST Certificate Management V2",
  "REST CA Management",
  "REST Configdump",
  "REST System V1",
]);

/** Whether the protocol of a path below the REST base is on. */
export function isProtocolOn(protocols: ReadonlySet<string>, segments: readonly string[]): boolean {
  const wanted = switches[segments.slice(0, 2).join("/")];
  return wanted === undefined || protocols.has(wanted);
}
