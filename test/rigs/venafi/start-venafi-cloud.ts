/**
 * A simulator of Venafi's SaaS (CyberArk Certificate Manager, SaaS): the part of its REST API that enrols certificates, over
 * HTTPS, written from published documentation and proven by the vendor's own clients. Not the service.
 *
 * @module
 */
import { CloudAccess, type CloudServiceAccount } from "./cloud/access.ts";
import { CloudControl } from "./cloud/control.ts";
import type { CloudLedgerEntry } from "./cloud/ledger.ts";
import { CloudOrders } from "./cloud/orders.ts";
import { answerCloud, tokenPath } from "./cloud/routes.ts";
import type { CloudState } from "./cloud/state.ts";
import type { CloudTemplate } from "./cloud/template.ts";
import { uuidOf } from "./guid.ts";
import { Ledger } from "./ledger.ts";
import { SimulatorCa } from "./simulator-ca.ts";
import { type LoggedCall, startSimulatorServer } from "./simulator-server.ts";

export type { CloudControl, CloudTemplate };

/** Options of {@link startVenafiCloud}. */
export interface VenafiCloudOptions {
  /** 0, a free one, unless given. */
  readonly port?: number | undefined;
  /** Templates by application and alias; {@link defaultApplications} unless given. */
  readonly applications?: Readonly<Record<string, Readonly<Record<string, CloudTemplate>>>> | undefined;
  /** UUIDs; one that is always the same unless given. */
  readonly apiKeys?: readonly string[] | undefined;
  readonly serviceAccounts?: readonly CloudServiceAccount[] | undefined;
  /**
   * How an API key that is unknown is answered: `code`, as an old fixture of the vendor's client has it (412, number 10501), or
   * `gateway`, as a user showed it in 2023 (401, plain text). `code` unless given.
   */
  readonly unknownKey?: "code" | "gateway" | undefined;
  /** How long a service account's access token is good: 900 unless given. */
  readonly accessSeconds?: number | undefined;
  /** The ledger is also appended to this file, one line of JSON for each entry. */
  readonly ledgerFile?: string | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** A running simulator of the SaaS. */
export interface VenafiCloud extends AsyncDisposable {
  readonly url: string;
  /** PEM: trust for TLS. */
  readonly caPem: string;
  /** PEM of the root below which certificates are issued. */
  readonly rootPem: string;
  readonly credentials: {
    /** The first that is good. */
    readonly apiKey: string;
    /** Where a service account's JWT is exchanged for an access token. */
    readonly tokenUrl: string;
  };
  readonly ledger: Ledger<CloudLedgerEntry>;
  /** Every call so far, in order. */
  readonly calls: readonly LoggedCall[];
  readonly control: CloudControl;
  stop(): Promise<void>;
}

/** Applications of a simulator that is given none. */
export const defaultApplications: NonNullable<VenafiCloudOptions["applications"]> = Object.freeze({
  Open: {
    Default: {
      sanIpAddressRegexes: [".*"],
      sanRfc822NameRegexes: [".*"],
      sanUniformResourceIdentifierRegexes: [".*"],
    },
  },
  "Web Shop": {
    Strict: {
      subjectCNRegexes: ["[a-z0-9-]+\\.example\\.com"],
      subjectORegexes: ["Example Corp"],
      subjectCValues: ["GB"],
      sanRegexes: ["[a-z0-9-]+\\.example\\.com"],
      keyTypes: [{ keyType: "RSA", keyLengths: [2048, 3072] }],
      recommended: { subjectOValue: "Example Corp", subjectCValue: "GB", key: { type: "RSA", length: 2048 } },
      keyReuse: false,
      validityDays: 30,
    },
    Approval: { approval: true },
  },
});

/** Starts a simulator of the SaaS on 127.0.0.1. */
export async function startVenafiCloud(options: VenafiCloudOptions = {}): Promise<VenafiCloud> {
  const { clock = () => new Date(), accessSeconds = 900 } = options;
  const apiKeys = options.apiKeys ?? [uuidOf("the simulator's API key")];
  const ca = await SimulatorCa.create(clock);
  const ledger = new Ledger<CloudLedgerEntry>(clock, options.ledgerFile);
  const applications = Object.entries(options.applications ?? defaultApplications);
  const state: CloudState = {
    ca,
    ledger,
    clock,
    companyId: uuidOf("the simulator's company"),
    zones: new Map(applications.map(([name, aliases]) => [name, new Map(Object.entries(aliases))])),
    access: new CloudAccess({
      apiKeys,
      serviceAccounts: options.serviceAccounts ?? [],
      accessSeconds,
      unknownKey: options.unknownKey ?? "code",
      ledger,
      clock,
    }),
    orders: new CloudOrders({ ca, ledger, clock }),
  };
  const server = await startSimulatorServer({
    handle: (call) => answerCloud(state, call),
    port: options.port,
  });
  const { url, caPem, faults, calls, stop } = server;
  return {
    url,
    caPem,
    rootPem: ca.rootPem,
    credentials: { apiKey: apiKeys[0] ?? "", tokenUrl: `${url}${tokenPath(state)}` },
    ledger,
    calls,
    control: new CloudControl(state, faults),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
