import {
  assertUsableCa,
  caProfileFields,
  defineIssuer,
  issueFromCa,
  limitsSpec,
  orderChain,
  parsePrivateKey,
  softwareCaSigner,
} from "@countersign/issuer-core";
import { z } from "zod";

/**
 * An issuer whose CA certificate and key are in a Secret (`tls.crt`, `tls.key`), as cert-manager's CA issuer keeps them
 * or as another PKI, such as AD CS, exports them: RSA, EC or Ed25519; PKCS#1, SEC1 or PKCS#8.
 *
 * Serial and dates follow from the request alone, so that a repeated `sign` is the same certificate again.
 */
export const softwareCa = defineIssuer({
  group: "software-ca.countersign.dev",
  version: "v1alpha1",
  kinds: { namespaced: "SoftwareCAIssuer", cluster: "SoftwareCAClusterIssuer" },
  spec: z.object({
    secretName: z
      .string()
      .min(1)
      .max(253)
      .describe("Secret with the CA: its chain in tls.crt, its key in tls.key."),
    ...caProfileFields,
    limits: limitsSpec(),
  }),
  secrets: ({ secretName }) => ({
    certificate: { name: secretName, key: "tls.crt" },
    key: { name: secretName, key: "tls.key" },
  }),
  limits: ({ limits }) => limits,
  connect({ spec, secrets }) {
    const key = parsePrivateKey(secrets.key);
    const { chain, root } = orderChain(secrets.certificate);
    const [ca] = chain;
    if (ca === undefined) throw new TypeError("orderChain never answers an empty chain");
    const caChain = root === undefined || root === ca ? chain : [...chain, root];
    const signer = softwareCaSigner(key);
    return {
      idempotent: spec.serial === "request",
      check: async () => assertUsableCa(ca, { now: new Date(), key }),
      sign: (request, { attemptId }) =>
        issueFromCa({ request, attemptId, caChain, signer, profile: spec, now: new Date() }),
    };
  },
});
