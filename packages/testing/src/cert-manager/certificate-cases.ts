import type { KubeConnection } from "@countersign/issuer-core";
import { describe } from "vitest";
import { type Begin, CertificateCase } from "./certificate-case.ts";
import { failingCases } from "./failing-cases.ts";
import { issuingCases } from "./issuing-cases.ts";
import { readyCases } from "./ready-cases.ts";

/**
 * What an issuer may rely on, as cases that hold for the stand-in and for the real cert-manager alike. The requests of
 * kind `TestIssuer` must be approved, those of `ManualIssuer` left alone, and failures retried after a second or two.
 */
export function certificateCases(connection: () => KubeConnection): void {
  const begin: Begin = (context, name) => new CertificateCase(connection(), context, name);
  describe.concurrent("cert-manager", () => {
    issuingCases(begin);
    failingCases(begin);
    readyCases(begin);
  });
}
