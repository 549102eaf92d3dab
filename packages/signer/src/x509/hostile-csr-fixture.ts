import { expect } from "vitest";
import { InvalidCsrError } from "../errors.ts";
import { newPrivateKey } from "./ca-certificate.ts";
import { parseCsr } from "./certification-request.ts";
import { encodePem } from "./pem.ts";
import { generalName, type RequestParts, sanExtension, writeRequest } from "./request-fixture.ts";

/** A row of a table of hostile requests: what is wrong, how to make it, and what the refusal must say. */
export type HostileCase = readonly [name: string, make: () => Uint8Array, message: RegExp];

/** The honest P-256 key of the tables. */
export const ecKey = newPrivateKey({ name: "EC", curve: "P-256" });
/** The honest RSA-2048 key of the tables. */
export const rsaKey = newPrivateKey({ name: "RSA", modulusLength: 2048 });

/** A request of the P-256 key, honest but for the parts given. */
export function ec(parts: Omit<RequestParts, "key">): Uint8Array {
  return writeRequest({ key: ecKey, ...parts });
}

/** A request of the RSA key, honest but for the parts given. */
export function rsa(parts: Omit<RequestParts, "key">): Uint8Array {
  return writeRequest({ key: rsaKey, ...parts });
}

/** An honest request for the encoded GeneralNames. */
export function withSan(...names: readonly Uint8Array[]): Uint8Array {
  return ec({ extensions: [sanExtension(...names)] });
}

/** An honest request for one DNS name. */
export function dns(value: string): Uint8Array {
  return withSan(generalName(2, value));
}

/** The octets with another last one. */
export function withLastOctet(octets: Uint8Array, last: number): Uint8Array {
  return Buffer.concat([octets.subarray(0, -1), Uint8Array.of(last)]);
}

/** Expects that the request is refused as the closed set of errors says: one printable line of what, why and remedy. */
export function expectRefused(request: Uint8Array, message: RegExp): void {
  let refusal: unknown;
  try {
    parseCsr(encodePem("CERTIFICATE REQUEST", request));
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(InvalidCsrError);
  const text = (refusal as InvalidCsrError).message;
  expect(text).toMatch(message);
  expect(text).toMatch(/^certificate request refused: [\x20-\x7e]{1,400}; [\x20-\x7e]{1,200}$/);
}
