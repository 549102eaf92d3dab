import type { KeyObject } from "node:crypto";
import { fromBER, OctetString } from "asn1js";
import {
  Attribute,
  CertificationRequest,
  Extension,
  Extensions,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
  RelativeDistinguishedNames,
} from "pkijs";
import type { BuildCsrOptions } from "./build-csr.ts";
import { spkiOf } from "./ca-signer.ts";
import { encodeName } from "./encode-name.ts";
import { encodeBasicConstraints, encodeExtendedKeyUsage, encodeKeyUsage } from "./extensions.ts";
import { parseIpAddress } from "./ip-address.ts";
import { oids } from "./oid.ts";
import { resolveUsages } from "./usages.ts";

/**
 * Encodes a CertificationRequestInfo with pkijs. A module of its own because importing pkijs and asn1js costs some 50 ms:
 * `buildCsr` loads it on its first call.
 */
export function encodeRequestInfo(options: BuildCsrOptions, publicKey: KeyObject): Uint8Array {
  const extensions = requestedExtensions(options);
  const request = new Request({
    subject: encodeSubject(options),
    subjectPublicKeyInfo: new PublicKeyInfo({ schema: fromBER(spkiOf(publicKey)).result }),
    attributes: extensions.length === 0 ? [] : [extensionRequest(extensions)],
  });
  return request.encodeInfo();
}

class Request extends CertificationRequest {
  encodeInfo(): Uint8Array {
    return new Uint8Array(this.encodeTBS().toBER());
  }
}

function extensionRequest(extensions: Extension[]): Attribute {
  return new Attribute({ type: oids.extensionRequest, values: [new Extensions({ extensions }).toSchema()] });
}

function encodeSubject({
  subjectDer,
  commonName,
  subject = [],
}: BuildCsrOptions): RelativeDistinguishedNames {
  const attributes = [...(commonName === undefined ? [] : [{ type: "CN", value: commonName }]), ...subject];
  return new RelativeDistinguishedNames({ schema: fromBER(subjectDer ?? encodeName(attributes)).result });
}

function requestedExtensions(options: BuildCsrOptions): Extension[] {
  const extensions: Extension[] = [];
  const add = (extnID: string, critical: boolean, value: Uint8Array): void => {
    extensions.push(new Extension({ extnID, critical, extnValue: Uint8Array.from(value).buffer }));
  };
  const names = generalNames(options);
  const isUnnamed = [options.commonName, options.subject, options.subjectDer].every(
    (part) => part === undefined,
  );
  if (names.length > 0)
    add(oids.subjectAltName, isUnnamed, new Uint8Array(new GeneralNames({ names }).toSchema().toBER()));
  if (options.usages !== undefined) {
    const usages = resolveUsages(options.usages, options.isCA ?? false);
    if (usages.keyUsage.length > 0) add(oids.keyUsage, true, encodeKeyUsage(usages.keyUsage));
    if (usages.requestedExtendedKeyUsage.length > 0)
      add(oids.extendedKeyUsage, false, encodeExtendedKeyUsage(usages.requestedExtendedKeyUsage));
  }
  if (options.isCA !== undefined)
    add(oids.basicConstraints, true, encodeBasicConstraints({ isCA: options.isCA, pathLength: undefined }));
  return extensions;
}

function generalNames({
  dnsNames = [],
  emails = [],
  ipAddresses = [],
  uris = [],
}: BuildCsrOptions): GeneralName[] {
  return [
    ...dnsNames.map((value) => new GeneralName({ type: 2, value })),
    ...emails.map((value) => new GeneralName({ type: 1, value })),
    ...ipAddresses.map(ipGeneralName),
    ...uris.map((value) => new GeneralName({ type: 6, value })),
  ];
}

function ipGeneralName(address: string): GeneralName {
  const octets = parseIpAddress(address);
  if (octets === undefined)
    throw new TypeError(`ipAddresses: expected IPv4 or IPv6 addresses, got ${address}`);
  return new GeneralName({ type: 7, value: new OctetString({ valueHex: Uint8Array.from(octets).buffer }) });
}
