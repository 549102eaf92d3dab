import { IssuerError } from "@countersign/issuer-signer";

/** Base URLs of the regions, by the vendor's own client; regions that are not here can be given by `url`. */
const regionUrls = Object.freeze({
  us: "https://api.venafi.cloud",
  eu: "https://api.venafi.eu",
  au: "https://api.au.venafi.cloud",
  uk: "https://api.uk.venafi.cloud",
  sg: "https://api.sg.venafi.cloud",
  ca: "https://api.ca.venafi.cloud",
});

/** A region of the SaaS. */
export type CloudRegion = keyof typeof regionUrls;

/** The regions that have a name. */
export const cloudRegions = Object.freeze(Object.keys(regionUrls) as [CloudRegion, ...CloudRegion[]]);

/**
 * The base URL of the API, without a slash at the end. A `url` may end in `/v1`, as in old samples.
 *
 * @throws IssuerError for a URL that can be none of the API
 */
export function cloudUrl(url: string | undefined, region: CloudRegion | undefined): string {
  if (url === undefined) return regionUrls[region ?? "us"];
  if (region !== undefined)
    throw new IssuerError("cloud.url and cloud.region are both set. Remove one of them.");
  return httpsUrl(url, "cloud.url").replace(/(\/v1)?\/*$/i, "");
}

/**
 * The URL with https, whatever scheme it has, if any: as the vendor's client reads it, and nothing is sent in the clear.
 *
 * @throws IssuerError naming the field
 */
export function httpsUrl(url: string, field: string): string {
  const text = `https://${url.trim().replace(/^https?:\/\//i, "")}`;
  const parsed = URL.parse(text);
  if (parsed === null || parsed.hostname === "" || parsed.search !== "" || parsed.hash !== "")
    throw new IssuerError(`${field} is not a URL such as https://HOST. Correct it in the issuer's spec.`);
  return text;
}
