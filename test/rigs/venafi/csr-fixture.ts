import { buildCsr, newPrivateKey } from "@countersign/issuer-core";

/** For tests: a CSR, of a new P-256 key unless one is given. */
export function newCsr(options: Partial<Parameters<typeof buildCsr>[0]> = {}): Promise<string> {
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  return buildCsr({ key, commonName: "web.example.com", dnsNames: ["web.example.com"], ...options });
}
