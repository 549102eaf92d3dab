import type { LedgerEntry } from "../ledger.ts";

/** What happened in a TPP simulator. */
export type TppLedgerEntry = LedgerEntry &
  (
    | {
        readonly kind: "grant";
        readonly how: "password" | "certificate" | "jwt";
        readonly identity: string;
        readonly clientId: string;
        readonly scope: string;
      }
    | { readonly kind: "refresh"; readonly identity: string; readonly clientId: string }
    /** `known`: the token was good once, and has been used. */
    | { readonly kind: "refresh-refused"; readonly clientId: string; readonly known: boolean }
    | { readonly kind: "grant-revoked"; readonly identity: string }
    /** A CSR was taken: a CA order where the object is not in an error state, which then stays. */
    | {
        readonly kind: "order" | "stuck-order";
        readonly how: "request" | "renew" | "restart";
        readonly dn: string;
        readonly csrSha256: string;
      }
    | {
        readonly kind: "certificate";
        readonly dn: string;
        readonly csrSha256: string;
        /** Hexadecimal, lower case. */
        readonly serial: string;
      }
    | { readonly kind: "failure"; readonly dn: string; readonly status: string }
    | { readonly kind: "retry"; readonly dn: string }
    /** `dropped`: an order was in the making. */
    | { readonly kind: "reset"; readonly dn: string; readonly dropped: boolean }
    | { readonly kind: "revocation"; readonly dn: string; readonly serial: string; readonly reason: number }
  );
