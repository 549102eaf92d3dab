import { IssuerError } from "@countersign/issuer-signer";
import { httpsUrl } from "../cloud/cloud-urls.ts";

const root = "\\VED\\Policy";

/**
 * The base URL of a TPP, without a slash at the end: `/vedsdk`, which every sample has, is left out, and so is the case of
 * the host.
 *
 * @throws IssuerError for a URL with another path
 */
export function tppUrl(url: string): string {
  const { origin, pathname } = new URL(httpsUrl(url, "tpp.url"));
  if (/^\/(vedsdk\/?)?$/i.test(pathname)) return origin;
  throw new IssuerError(
    "tpp.url has a path other than /vedsdk. Give the server alone, such as https://tpp.example.com/vedsdk.",
  );
}

/**
 * The DN of the policy folder that a zone names, with or without `\VED\Policy`.
 *
 * @throws IssuerError for a zone that can be no DN
 */
export function policyDn(zone: string): string {
  const path = zone.trim().replace(/^\\/, "").replace(/\\$/, "");
  const inside = path.replace(/^VED\\Policy(\\|$)/i, "");
  const names = inside.split("\\");
  if (path === "" || (inside !== "" && names.some((name) => name.trim() === "")))
    throw new IssuerError(
      "zone names no policy folder. Write it as Folder\\Subfolder; in double quotes YAML wants each backslash twice.",
    );
  return inside === "" ? root : `${root}\\${inside}`;
}
