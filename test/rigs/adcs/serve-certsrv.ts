import type { X509 } from "@countersign/issuer-core";
import { contextTag } from "../../../packages/signer/src/x509/der-reader.ts";
import { der, derOid, derSequence, derSmallInteger } from "../../../packages/signer/src/x509/der-writer.ts";
import { type CertsrvCa, dispositions } from "./certsrv-ca.ts";
import type { CertsrvPages } from "./certsrv-pages.ts";

/** What is answered. */
export interface CertsrvAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A call of somebody who has logged in. */
export interface CertsrvRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Path of the pages. */
  readonly base: string;
  readonly body: string;
  readonly user: string;
  /** Whether the client says that it is a browser. */
  readonly isBrowser: boolean;
}

interface Site {
  readonly ca: CertsrvCa;
  readonly pages: CertsrvPages;
}

/** CERTSRV_E_PROPERTY_EMPTY: what a CA says of an id that it does not have. */
const propertyEmpty = 0x80094004;

/** Answers a call as the pages do. */
export async function serveCertsrv({ ca, pages }: Site, request: CertsrvRequest): Promise<CertsrvAnswer> {
  const { pathname, searchParams: query } = new URL(request.url, "http://certsrv");
  const route = `${request.method} ${pathname.startsWith(request.base) ? pathname.slice(request.base.length) : pathname}`;
  switch (route) {
    case "GET ":
      return html(pages.home());
    case "POST certfnsh.asp":
      return html(await submitted({ ca, pages }, new URLSearchParams(request.body), request.user));
    case "GET certcarc.asp":
      return html(pages.authorities(ca.generations.length - 1));
    case "GET certnew.cer":
    case "GET certnew.p7b":
      return retrieved({ ca, pages }, query, route.endsWith("p7b"), request.isBrowser);
    default:
      return { ...html("<html><head><title>404</title></head></html>"), status: 404 };
  }
}

async function submitted({ ca, pages }: Site, form: URLSearchParams, user: string): Promise<string> {
  if (form.get("Mode") !== "newreq") return pages.error({ disposition: undefined, hresult: 0x80070057 });
  const lines = (form.get("CertAttrib") ?? "").split(/\r?\n/).filter((line) => line !== "");
  const attributes = Object.fromEntries(
    lines.map((line): [string, string] => {
      const at = line.indexOf(":");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
  const answer = await ca.submit(form.get("CertRequest") ?? "", attributes, user);
  if ("hresult" in answer) {
    // What RPC says comes from the web server: the CA has not answered at all.
    const isRpc = (answer.hresult & 0xffff0000) >>> 0 === 0x80070000;
    return pages.error({ disposition: isRpc ? undefined : dispositions.error, hresult: answer.hresult });
  }
  const { id, disposition, hresult } = answer.row;
  if (disposition === dispositions.denied) return pages.denied(id, hresult);
  if (disposition === dispositions.pending) return pages.pending(id);
  return pages.issued(id, ca.generations.length - 1);
}

function retrieved(
  { ca, pages }: Site,
  query: URLSearchParams,
  wantsChain: boolean,
  isBrowser: boolean,
): CertsrvAnswer {
  const isBinary = query.get("Enc") === "bin";
  const deliver = (certificates: readonly X509[]) =>
    delivered(certificates, { wantsChain, isBinary, isBrowser });
  const failed = (disposition: number | undefined, hresult: number) =>
    html(pages.error({ disposition, hresult }));
  if (ca.failing !== 0) return failed(undefined, ca.failing);
  if (query.get("ReqID") === "CACert") {
    const chain = ca.chain(Number(query.get("Renewal") ?? ca.generations.length - 1));
    return chain.length === 0 ? failed(undefined, 0x80070057) : deliver(chain);
  }
  const row = ca.row(Number(query.get("ReqID")));
  if (row === undefined) return failed(dispositions.error, propertyEmpty);
  if (row.badAnswer !== undefined) return badlyDelivered(row.badAnswer, { wantsChain, isBinary, isBrowser });
  if (row.disposition !== dispositions.issued || row.certificate === undefined)
    return failed(row.disposition, row.hresult);
  return deliver([row.certificate, ...ca.chain(row.generation ?? 0)]);
}

interface Delivery {
  readonly wantsChain: boolean;
  readonly isBinary: boolean;
  readonly isBrowser: boolean;
}

/** A bad PKI's blocks are delivered as they are, the first as the leaf; what is no PEM goes out as text. */
function badlyDelivered(pem: string, delivery: Delivery): CertsrvAnswer {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) return { status: 200, contentType: "application/pkix-cert", body: pem };
  const ders = blocks.map((block) => Buffer.from(block.replace(/-----[A-Z ]+-----/g, ""), "base64"));
  return encoded(ders, delivery);
}

function delivered(certificates: readonly X509[], delivery: Delivery): CertsrvAnswer {
  return encoded(
    certificates.map((certificate) => Buffer.from(certificate.der)),
    delivery,
  );
}

/** The PKCS#7 stands between the lines of a certificate, as Windows has it; who is no browser is told that it is HTML. */
function encoded(ders: readonly Buffer[], { wantsChain, isBinary, isBrowser }: Delivery): CertsrvAnswer {
  const bytes = wantsChain ? certsOnly(ders) : (ders[0] ?? Buffer.alloc(0));
  const media = wantsChain ? "application/x-pkcs7-certificates" : "application/pkix-cert";
  const lines = bytes.toString("base64").replace(/(.{64})/g, "$1\r\n");
  const body = isBinary ? bytes : `-----BEGIN CERTIFICATE-----\r\n${lines}\r\n-----END CERTIFICATE-----\r\n`;
  return { status: 200, contentType: isBrowser ? media : "text/html", body };
}

/** SignedData without signatures (RFC 5652 §5.1), the certificates from the root down, as Windows sorts them. */
function certsOnly(ders: readonly Buffer[]): Buffer {
  const signedData = derSequence(
    derSmallInteger(1),
    der(0x31),
    derSequence(derOid("1.2.840.113549.1.7.1")),
    der(contextTag(0, true), ...[...ders].reverse()),
    der(0x31),
  );
  return Buffer.from(derSequence(derOid("1.2.840.113549.1.7.2"), der(contextTag(0, true), signedData)));
}

function html(body: string): CertsrvAnswer {
  return { status: 200, contentType: "text/html; Charset=UTF-8", body };
}
