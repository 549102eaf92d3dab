import type { ServerOptions } from "node:https";
import {
  buildCertificate,
  buildCsr,
  deterministicSerial,
  newPrivateKey,
  parseCsr,
  softwareCaSigner,
} from "@countersign/issuer-signer";
import { fakeRoot } from "./fake-pki-fixture.ts";

/** A certificate and its key, as PEM. */
export interface FakeIdentity {
  readonly cert: string;
  readonly key: string;
}

/** For tests: what a TLS server on 127.0.0.1 needs that asks clients for certificates, and clients of these names. */
export async function fakeTls(names: readonly string[] = []): Promise<{
  readonly ca: string;
  readonly serverOptions: ServerOptions;
  readonly clients: Readonly<Record<string, FakeIdentity>>;
}> {
  const root = fakeRoot("TLS");
  const issue = async (commonName: string, usage: string): Promise<FakeIdentity> => {
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const csr = parseCsr(
      await buildCsr({ key, commonName, dnsNames: ["vault.example.com"], ipAddresses: ["127.0.0.1"] }),
    );
    const { pem } = await buildCertificate({
      csr,
      caCertificate: root.certificate,
      signer: softwareCaSigner(root.key),
      serial: deterministicSerial(commonName),
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 86_400_000),
      isCA: false,
      usages: ["digital signature", usage],
    });
    return { cert: pem, key: String(key.export({ format: "pem", type: "pkcs8" })) };
  };
  const server = await issue("server", "server auth");
  const clients = await Promise.all(
    names.map(async (name) => [name, await issue(name, "client auth")] as const),
  );
  return {
    ca: root.certificate.pem,
    serverOptions: { ...server, ca: root.certificate.pem, requestCert: true, rejectUnauthorized: false },
    clients: Object.fromEntries(clients),
  };
}
