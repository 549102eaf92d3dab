import type { Resource, ServedVersion } from "../registry/resource.ts";
import { StatusError } from "../status-error.ts";
import { type Encoder, jsonEncoder } from "./encoder.ts";
import { metadataEncoder, tableEncoder } from "./table-encoder.ts";

/** Encoders without state are made once per version. */
const plain = new WeakMap<ServedVersion, Encoder>();

const SERVED: ReadonlySet<string> = new Set(["application/json", "application/yaml", "application/*", "*/*"]);

const NOT_ACCEPTABLE =
  "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

/** How an answer is written. */
export interface Representation {
  readonly encoder: Encoder;
  readonly format: "json" | "yaml";
}

/** Picks the representation from the Accept header: JSON, or what the client asks for in its place. */
export function negotiate(
  accept: string,
  resource: Resource,
  version: ServedVersion,
  options: { readonly now: () => Date; readonly include: string },
): Representation {
  const wanted = accept === "" ? "application/json" : accept.split(",").find(isServed);
  if (wanted === undefined) throw new StatusError(406, "NotAcceptable", NOT_ACCEPTABLE);
  const format = wanted.includes("yaml") ? "yaml" : "json";
  if (wanted.includes("as=Table")) {
    return { encoder: tableEncoder(resource, version, options.now, options.include), format };
  }
  if (wanted.includes("as=PartialObjectMetadata")) return { encoder: metadataEncoder, format };
  const known = plain.get(version) ?? jsonEncoder(resource, version);
  plain.set(version, known);
  return { encoder: known, format };
}

function isServed(type: string): boolean {
  const [media = "", ...parameters] = type.split(";").map((part) => part.trim());
  if (!SERVED.has(media)) return false;
  const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3);
  if (as === undefined) return true;
  const isKnown = as === "Table" || as === "PartialObjectMetadata" || as === "PartialObjectMetadataList";
  return isKnown && parameters.includes("v=v1") && parameters.includes("g=meta.k8s.io");
}
