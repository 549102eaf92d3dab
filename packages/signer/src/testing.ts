/**
 * Helpers for the tests of a signer: make a request, have it signed, look at what came. No Kubernetes.
 *
 * @module
 */
export { type SignRequestForOptions, signRequestFor } from "./testing/sign-request-for.ts";
export {
  type SignerSource,
  type SignerTest,
  type TestSignerOptions,
  testSigner,
} from "./testing/test-signer.ts";
