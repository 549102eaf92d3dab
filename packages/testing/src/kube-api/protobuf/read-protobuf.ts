import { protobufNotRead, StatusError } from "../status-error.ts";
import { decodeMessage, type Message } from "./decode-message.ts";
import { deleteOptions, messages } from "./messages.ts";
import { WireError } from "./wire-reader.ts";

/** First bytes of Kubernetes' Protobuf (apimachinery, pkg/runtime/serializer/protobuf). */
const magic = Buffer.from("k8s\0", "latin1");

/** runtime.Unknown, in which each object is wrapped. */
const unknown: Message = {
  fields: {
    1: ["typeMeta", { fields: { 1: ["apiVersion", "string"], 2: ["kind", "string"] } }],
    2: ["raw", "bytes"],
  },
};

/**
 * The object of a body in Protobuf.
 *
 * @throws StatusError 400 where it is none, 415 where its kind is not known here
 */
export function readProtobuf(body: Buffer): Record<string, unknown> {
  if (!body.subarray(0, magic.length).equals(magic))
    throw badProtobuf(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  try {
    const { typeMeta, raw = "" } = decodeMessage(body.subarray(magic.length), unknown);
    const { apiVersion = "", kind = "" } = (typeMeta ?? {}) as { apiVersion?: string; kind?: string };
    const message = kind === "DeleteOptions" ? deleteOptions : messages[`${apiVersion} ${kind}`];
    if (message === undefined) throw protobufNotRead(`${apiVersion} ${kind}`);
    return { apiVersion, kind, ...decodeMessage(Buffer.from(String(raw), "base64"), message) };
  } catch (error) {
    if (error instanceof WireError) throw badProtobuf(error.message);
    throw error;
  }
}

function badProtobuf(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}
