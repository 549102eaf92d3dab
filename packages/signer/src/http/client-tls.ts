import { X509Certificate } from "node:crypto";
import type { AgentOptions } from "node:https";
import { isIP } from "node:net";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { IssuerError } from "../errors.ts";
import { asBuffer } from "../x509/bytes.ts";
import { decodePem, encodePem, pemLimits } from "../x509/pem.ts";
import { parsePrivateKey } from "../x509/private-key.ts";
import { Refusal, translateRefusal } from "../x509/refusal.ts";

/** The TLS side of a client, as an issuer's spec and Secrets give it. */
export interface TlsOptions {
  /** PEM bundle that replaces the system's roots; its certificates are trusted as they are, self-signed or not. */
  readonly ca?: string | undefined;
  /** PEM client certificate, the leaf first, and its unencrypted PEM key: both or neither. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** DNS name to ask for (SNI) and to expect in the server's certificate, instead of the URL's host. */
  readonly serverName?: string | undefined;
  /**
   * Newest version to offer, for servers that ask for a client certificate after the handshake: with TLS 1.3 that is
   * post-handshake authentication (RFC 8446 §4.6.2), which Node does not do.
   */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

/** TLS of an agent. */
export interface ClientTls {
  readonly agent: AgentOptions;
  /** Whether the client shows a certificate of its own. */
  readonly hasIdentity: boolean;
}

function readCertificates(what: string, pem: string): readonly X509Certificate[] {
  return translateRefusal(IssuerError, `${what} refused`, "store PEM certificates", () => {
    const blocks = decodePem(pem, { limit: pemLimits.bundle, allowText: true });
    if (blocks.length === 0) throw new Refusal("it holds no PEM block");
    return blocks.map(({ label, der }) => {
      if (label !== "CERTIFICATE")
        throw new Refusal(`it holds a block ${label}`, "store CERTIFICATE blocks only");
      try {
        return new X509Certificate(asBuffer(der));
      } catch {
        throw new Refusal("OpenSSL does not accept a certificate in it");
      }
    });
  });
}

function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map(({ raw }) => encodePem("CERTIFICATE", raw)).join("");
}

function trust(ca: string, now: number): SecureContextOptions {
  const roots = readCertificates("CA bundle", ca);
  if (roots.every(({ validToDate }) => validToDate.getTime() < now))
    throw new IssuerError("CA bundle refused: every certificate in it has expired; store the present ones");
  // As Go's CertPool: an intermediate in the bundle is enough, its root need not be there.
  return { ca: roots.map((root) => pemOf([root])), allowPartialTrustChain: true };
}

function identity(cert: string, key: string, now: number): SecureContextOptions {
  const chain = readCertificates("client certificate", cert);
  const [leaf] = chain;
  const privateKey = parsePrivateKey(key);
  if (leaf === undefined || !leaf.checkPrivateKey(privateKey)) {
    const isLater = chain.some((certificate) => certificate.checkPrivateKey(privateKey));
    throw new IssuerError(
      isLater
        ? "client certificate refused: the key belongs to a later certificate; put that one first"
        : "client certificate refused: the key does not belong to it; store a matching pair",
    );
  }
  if (leaf.validToDate.getTime() < now)
    throw new IssuerError(`client certificate refused: it expired ${day(leaf.validToDate)}; renew it`);
  if (leaf.validFromDate.getTime() > now)
    throw new IssuerError(
      `client certificate refused: it is not valid before ${day(leaf.validFromDate)}; wait or check the clock`,
    );
  return { cert: pemOf(chain), key: privateKey.export({ format: "pem", type: "pkcs8" }) };
}

function day(date: Date): string {
  return date.toISOString().replace(/\.\d+/, "");
}

function assertServerName(name: string): void {
  if (isIP(name) !== 0 || !/^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(name))
    throw new IssuerError("TLS server name refused: it is not a DNS name; correct the issuer's spec");
}

/**
 * Checks what an issuer gives for TLS and makes it an agent's options: at least TLS 1.2, and the server is always
 * verified. Throws an {@link IssuerError} that says what to store instead and holds nothing of the PEM.
 *
 * @param now milliseconds since the epoch: expired material is refused here, where it can be named
 */
export function clientTls(options: TlsOptions, now: number): ClientTls {
  const { ca, cert, key, serverName, maxVersion } = options;
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ["key", "certificate"] : ["certificate", "key"];
    throw new IssuerError(`client ${given} refused: there is no client ${missing} with it; store both`);
  }
  if (serverName !== undefined) assertServerName(serverName);
  const material: SecureContextOptions = {
    ...(ca === undefined ? {} : trust(ca, now)),
    ...(cert === undefined || key === undefined ? {} : identity(cert, key, now)),
  };
  // Explicit values win over NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0.
  const always = {
    minVersion: "TLSv1.2",
    ...(maxVersion === undefined ? {} : { maxVersion }),
    rejectUnauthorized: true,
  } as const;
  return {
    agent: {
      ...always,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(Object.keys(material).length === 0 ? {} : { secureContext: contextOf({ ...always, ...material }) }),
    },
    hasIdentity: cert !== undefined,
  };
}

/** Parsed once for all connections: a bundle may hold a hundred certificates. */
function contextOf(material: SecureContextOptions) {
  try {
    return createSecureContext(material);
  } catch {
    throw new IssuerError(
      "TLS material refused: OpenSSL does not accept it, perhaps for a weak key or hash; store stronger certificates",
    );
  }
}
