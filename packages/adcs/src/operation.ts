import { createHash } from "node:crypto";
import type { SignRequest } from "@countersign/issuer-signer";
import { z } from "zod";

/** What the SDK keeps of a request that the CA has: enough to find it again, and never to take another's for it. */
export const adcsOperation = z.object({
  /** Of the CA's database. */
  requestId: z.int().min(1).max(4_294_967_295),
  /** SHA-256 of the CA's first certificate, hexadecimal: the same for all its generations and web servers. */
  ca: z.string().regex(/^[0-9a-f]{64}$/),
  /** SHA-256 of the CSR's DER, hexadecimal. */
  csr: z.string().regex(/^[0-9a-f]{64}$/),
  /** RFC 3339. */
  submittedAt: z.iso.datetime(),
  /** Why the request was submitted a second time, and its id of the first. */
  resubmitted: z
    .object({ reason: z.enum(["RequestUnknown", "AuthorityChanged"]), requestId: z.int() })
    .optional(),
});

/** The parsed {@link adcsOperation}. */
export type AdcsOperation = z.output<typeof adcsOperation>;

/** The hash of a request's CSR, as an operation keeps it. */
export function csrHash({ parsedCsr }: Pick<SignRequest, "parsedCsr">): string {
  return createHash("sha256").update(parsedCsr.der).digest("hex");
}
