import type { LedgerEntry } from "../ledger.ts";

/** What happened in a simulator of the SaaS. */
export type CloudLedgerEntry = LedgerEntry &
  (
    | { readonly kind: "token"; readonly subject: string }
    | { readonly kind: "token-refused"; readonly why: string }
    | {
        readonly kind: "order";
        readonly id: string;
        readonly zone: string;
        readonly csrSha256: string;
        readonly tags: readonly string[];
      }
    | {
        readonly kind: "certificate";
        /** Of the order. */
        readonly id: string;
        readonly certificateId: string;
        readonly csrSha256: string;
        /** Hexadecimal, lower case. */
        readonly serial: string;
      }
    | { readonly kind: "ended"; readonly id: string; readonly status: "REJECTED" | "CANCELLED" | "FAILED" }
    | { readonly kind: "retirement"; readonly certificateId: string }
    | { readonly kind: "revocation"; readonly certificateId: string; readonly reason: string }
  );
