/**
 * A simulator of Venafi TPP (CyberArk Certificate Manager, Self-Hosted): VEDauth and the part of the WebSDK that enrols
 * certificates, over HTTPS, written from published documentation and proven by the vendor's own clients. No product.
 *
 * @module
 */
import { Ledger } from "./ledger.ts";
import { SimulatorCa } from "./simulator-ca.ts";
import { type LoggedCall, startSimulatorServer } from "./simulator-server.ts";
import type { TppJwtMapping } from "./tpp/auth.ts";
import { TppControl } from "./tpp/control.ts";
import { TppFolders } from "./tpp/folders.ts";
import { type TppClient, TppGrants, type TppUser } from "./tpp/grants.ts";
import type { TppLedgerEntry } from "./tpp/ledger.ts";
import { TppObjects } from "./tpp/objects.ts";
import type { TppPolicy } from "./tpp/policy.ts";
import { TppRoutes } from "./tpp/routes.ts";
import type { TppState } from "./tpp/state.ts";

export type { TppControl, TppPolicy };

/** Options of {@link startTpp}. */
export interface TppOptions {
  /** 0, a free one, unless given. */
  readonly port?: number | undefined;
  /** Policy folders, with or without `\VED\Policy`; {@link defaultZones} unless given. */
  readonly zones?: Readonly<Record<string, TppPolicy>> | undefined;
  readonly users?: readonly TppUser[] | undefined;
  readonly clients?: readonly TppClient[] | undefined;
  readonly jwtMappings?: readonly TppJwtMapping[] | undefined;
  /** PEM of the CA whose client certificates log in by `authorize/certificate`. */
  readonly clientCaPem?: string | undefined;
  /** 90 days unless given, as a product's default. */
  readonly accessSeconds?: number | undefined;
  /** 365 days unless given. */
  readonly grantSeconds?: number | undefined;
  /** `25.3.0.0` unless given. */
  readonly version?: string | undefined;
  /** The ledger is also appended to this file, one line of JSON for each entry. */
  readonly ledgerFile?: string | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** A running TPP simulator. */
export interface Tpp extends AsyncDisposable {
  readonly url: string;
  /** PEM: trust for TLS. */
  readonly caPem: string;
  /** PEM of the root below which certificates are issued. */
  readonly rootPem: string;
  readonly credentials: { readonly users: readonly TppUser[]; readonly clients: readonly TppClient[] };
  readonly ledger: Ledger<TppLedgerEntry>;
  /** Every call so far, in order. */
  readonly calls: readonly LoggedCall[];
  readonly control: TppControl;
  stop(): Promise<void>;
}

const day = 24 * 3600;
const template: TppPolicy["certificateAuthority"] = {
  value: "\\VED\\Policy\\Administration\\CAs\\Simulator CA",
};

/** Policy folders of a simulator that is given none. */
export const defaultZones: Readonly<Record<string, TppPolicy>> = Object.freeze({
  Open: { certificateAuthority: template },
  "Certificates\\Strict": {
    certificateAuthority: { ...template, locked: true },
    organization: { value: "Example Corp", locked: true },
    country: { value: "GB", locked: true },
    keyAlgorithm: { value: "RSA", locked: true },
    keySize: { value: 2048, locked: true },
    domains: ["example.com", ".internal.example"],
    wildcards: false,
    sans: ["dns"],
  },
  "Certificates\\Fields": {
    certificateAuthority: template,
    customFields: [
      { label: "Cost Center", mandatory: true },
      { label: "Environment", allowed: ["Production", "Test"] },
    ],
  },
  "Certificates\\Workflow": { certificateAuthority: template, workflow: true },
  "Certificates\\No CA": {},
  "Certificates\\Server Keys": {
    certificateAuthority: template,
    csrGeneration: { value: "ServiceGenerated", locked: true },
  },
});

/** Users of a simulator that is given none. */
export const defaultUsers: readonly TppUser[] = Object.freeze([
  { username: "local:issuer", password: "issuer-password", email: "issuer@example.com" },
  { username: "local:auditor", password: "auditor-password" },
]);

const everything = "certificate:manage,revoke,discover,delete;configuration:manage";

/** API integrations of a simulator that is given none: those that cert-manager and the vendor's clients name by default. */
export const defaultClients: readonly TppClient[] = Object.freeze([
  { id: "cert-manager.io", scope: "certificate:manage" },
  { id: "vcert-sdk", scope: everything },
  { id: "vcert-cli", scope: everything },
  { id: "no-refresh", scope: "certificate:manage", refreshable: false },
]);

/** Starts a TPP simulator on 127.0.0.1. */
export async function startTpp(options: TppOptions = {}): Promise<Tpp> {
  const { clock = () => new Date(), users = defaultUsers, clients = defaultClients } = options;
  const { accessSeconds = 90 * day, grantSeconds = 365 * day } = options;
  const ca = await SimulatorCa.create(clock);
  const ledger = new Ledger<TppLedgerEntry>(clock, options.ledgerFile);
  const state: TppState = {
    ca,
    ledger,
    clock,
    users,
    folders: new TppFolders(options.zones ?? defaultZones),
    grants: new TppGrants({ accessSeconds, grantSeconds, clients, ledger, clock }),
    objects: new TppObjects({ ca, ledger, clock }),
    version: options.version ?? "25.3.0.0",
  };
  const routes = new TppRoutes(state, options.jwtMappings ?? []);
  const { url, caPem, faults, calls, stop } = await startSimulatorServer({
    handle: (call) => routes.answer(call),
    port: options.port,
    clientCaPem: options.clientCaPem,
  });
  return {
    url,
    caPem,
    rootPem: ca.rootPem,
    credentials: { users, clients },
    ledger,
    calls,
    control: new TppControl(state, faults),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
