import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import type { Secret } from "@countersign/issuer-core";
import { readChain } from "./issued-certificate.ts";

/** Why a Certificate has to be issued, in cert-manager's words. */
export interface IssuanceReason {
  readonly reason: string;
  readonly message: string;
}

/** The usable contents of a Certificate's Secret. */
export interface StoredKeyPair {
  readonly key: KeyObject;
  readonly leaf: X509Certificate;
}

/** The private key of a Secret; undefined when there is none that can be read. */
export function storedKey(secret: Secret | undefined): KeyObject | undefined {
  const pem = secret?.data?.["tls.key"];
  if (!pem) return undefined;
  try {
    return createPrivateKey(Buffer.from(pem, "base64"));
  } catch {
    return undefined;
  }
}

/** The certificate and key of a Secret, or why they cannot be used. */
export function readKeyPair(secret: Secret | undefined): StoredKeyPair | IssuanceReason {
  if (secret === undefined)
    return { reason: "DoesNotExist", message: "Issuing certificate as Secret does not exist" };
  const certificate = secret.data?.["tls.crt"];
  if (!certificate || !secret.data?.["tls.key"])
    return {
      reason: "MissingData",
      message: "Issuing certificate as Secret does not contain a certificate and its key",
    };
  const key = storedKey(secret);
  const leaf = storedLeaf(certificate);
  if (key === undefined || leaf?.checkPrivateKey(key) !== true)
    return {
      reason: "InvalidKeyPair",
      message: "Issuing certificate as Secret contains no certificate that belongs to its private key",
    };
  return { key, leaf };
}

function storedLeaf(base64: string): X509Certificate | undefined {
  try {
    return readChain(Buffer.from(base64, "base64").toString("utf8"))[0];
  } catch {
    return undefined;
  }
}
