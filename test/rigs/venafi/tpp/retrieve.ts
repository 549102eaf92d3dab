import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import type { Delivery } from "../simulator-ca.ts";
import { flag, sdkBody, text } from "./body.ts";
import { refused, type TppCertificate } from "./objects.ts";
import type { TppState } from "./state.ts";

const retrieveBody = z.looseObject({
  CertificateDN: text,
  Format: text,
  IncludeChain: flag,
  RootFirstOrder: flag,
  IncludePrivateKey: flag,
  Password: text,
});

const formats = new Map([
  ["base64", "Base64"],
  ["base64 (pkcs #8)", "Base64 (PKCS #8)"],
]);

/** `POST certificates/retrieve` */
export async function retrieveCertificate(state: TppState, call: SimulatorCall): Promise<SimulatorAnswer> {
  const body = sdkBody(retrieveBody, call);
  const format = formats.get(body.Format.toLowerCase());
  if (format === undefined) throw refused(`Format error. "${body.Format}" is not supported.`);
  const certificate = await state.objects.look(state.objects.get(body.CertificateDN));
  const chain = !body.IncludeChain ? "leaf-only" : body.RootFirstOrder ? "root-first" : "leaf-first";
  const password = body.IncludePrivateKey ? body.Password : undefined;
  return { status: 200, json: await certificateData(state, certificate, { chain, format, password }) };
}

/** The fields that carry a certificate, and with a password its key. */
export async function certificateData(
  state: TppState,
  { leaf, csr, key }: TppCertificate,
  options: {
    readonly chain: Delivery["chain"];
    readonly format?: string | undefined;
    readonly password?: string | undefined;
  },
) {
  const { chain, format = "Base64", password } = options;
  let pem = await state.ca.deliver({ leaf, csr, chain });
  if (password !== undefined) {
    // The client looks for these very words behind the last colon.
    if (key === undefined)
      throw refused("Failed to lookup private key, error: Failed to lookup private key vault id");
    if (password === "") throw refused("Password error. A password is needed for the private key.");
    const encrypted = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: password } as const;
    pem += key.export(encrypted);
  }
  return {
    CertificateData: Buffer.from(pem.replace(/\r?\n/g, "\r\n")).toString("base64"),
    Filename: `${leaf.commonName ?? leaf.serialHex}.cer`,
    Format: format,
  };
}
