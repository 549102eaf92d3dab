import type { Resource, ServedVersion } from "../registry/resource.ts";
import { StatusError } from "../status-error.ts";
import { type Encoder, jsonEncoder, tableEncoder } from "./encoder.ts";

const plain = new WeakMap<ServedVersion, Encoder>();

/** Picks the representation from the Accept header: JSON, or a Table where the client asks for one first. */
export function negotiate(
  accept: string,
  resource: Resource,
  version: ServedVersion,
  options: { readonly now: () => Date; readonly include: string },
): Encoder {
  const wanted = accept.split(",").find((type) => isServed(type));
  if (wanted === undefined && accept !== "") {
    const message = "only the following media types are accepted: application/json";
    throw new StatusError(406, "NotAcceptable", message);
  }
  if (wanted?.includes("as=Table")) return tableEncoder(resource, version, options.now, options.include);
  const known = plain.get(version) ?? jsonEncoder(resource, version);
  plain.set(version, known);
  return known;
}

function isServed(type: string): boolean {
  const [media = "", ...parameters] = type.trim().split(";");
  const as = parameters.find((parameter) => parameter.startsWith("as="));
  if (as !== undefined)
    return media === "application/json" && as === "as=Table" && parameters.includes("v=v1");
  return (
    media === "application/json" ||
    media === "application/*" ||
    media === "*/*" ||
    media === "application/json;stream=watch"
  );
}
