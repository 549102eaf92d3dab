import type { Ledger } from "../ledger.ts";
import type { SimulatorCa } from "../simulator-ca.ts";
import type { TppFolders } from "./folders.ts";
import type { TppGrants, TppUser } from "./grants.ts";
import type { TppLedgerEntry } from "./ledger.ts";
import type { TppObjects } from "./objects.ts";

/** All that the calls of a TPP simulator work on. */
export interface TppState {
  readonly ca: SimulatorCa;
  readonly folders: TppFolders;
  readonly grants: TppGrants;
  readonly objects: TppObjects;
  readonly users: readonly TppUser[];
  readonly ledger: Ledger<TppLedgerEntry>;
  readonly clock: () => Date;
  /** What `systemstatus/version` says. */
  readonly version: string;
}
