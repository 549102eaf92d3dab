/**
 * An EJBCA **simulator**: its REST interface as recorded from a real EJBCA CE 8.2.0.1, for tests of a client. It is no EJBCA;
 * see the README beside it for what it does and does not do.
 *
 * @module
 */
import { type Authority, newAuthority } from "@countersign/issuer-testing";
import { type ApprovalRequest, Approvals } from "./approvals.ts";
import { type CertificateAuthority, labAuthorities } from "./authorities.ts";
import type { RequestRecord } from "./call.ts";
import { type CertificateProfile, labCertificateProfiles } from "./certificate-profiles.ts";
import { CertificateStore } from "./certificate-store.ts";
import { type ClientName, type Credential, newClient, newClients, newCredential } from "./clients.ts";
import { EndEntities } from "./end-entities.ts";
import { type EndEntityProfile, labEndEntityProfiles } from "./end-entity-profiles.ts";
import { Faults } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { type Listener, type ListenerOptions, plainListener, tlsListener } from "./listener.ts";
import { type OauthServer, startOauthServer } from "./oauth-server.ts";
import { TokenVerifier } from "./oauth-tokens.ts";
import { labProtocols } from "./protocols.ts";
import { RevocationApprovals } from "./revocation-approvals.ts";
import { labRoles, type Role } from "./roles.ts";
import { restBase } from "./router.ts";
import { serialBytes } from "./serial-numbers.ts";
import { serveCall } from "./serve-call.ts";
import type { World } from "./world.ts";

/** Options of {@link startEjbca}. */
export interface EjbcaOptions {
  /** How many hosts share the one database; 1 unless given. */
  readonly nodes?: number | undefined;
  /**
   * What the status resources say. From `EJBCA 9.3.3` on, `start_time` and `end_time` are honoured with a profile that allows
   * it (LabTLS-ValidityOverride): from documentation, not recorded.
   */
  readonly revision?: string | undefined;
  /** REST protocols that are on; those of the recordings unless given. A fresh server has none. */
  readonly protocols?: readonly string[] | undefined;
  /** What tokens must be for; `ejbca-lab` unless given. */
  readonly audience?: string | undefined;
  /** How long an idle connection is kept; 50 s unless given: the real server closed them between 35 and 65 s. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** The port of the first node's listener; a free one unless given. */
  readonly port?: number | undefined;
  readonly clock?: (() => Date) | undefined;
  /** Bytes for serial numbers. */
  readonly random?: ((size: number) => Uint8Array) | undefined;
}

/** One host. */
export interface EjbcaNode {
  /** REST base on the listener that wants a client certificate, as most are set up. */
  readonly url: string;
  readonly port: number;
  /** Refuses connections from now on, and cuts those that there are. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** A running simulator. Change what its fields hold to change what it answers. */
export interface Ejbca extends AsyncDisposable {
  /** REST base of the first node: `https://127.0.0.1:PORT/ejbca/ejbca-rest-api`. */
  readonly url: string;
  /** The same of every node. */
  readonly urls: readonly string[];
  readonly port: number;
  readonly nodes: readonly EjbcaNode[];
  /** REST base on a listener that takes no connection without a client certificate. */
  readonly needUrl: string;
  /** REST base on a listener that never asks for one, as behind a proxy that ends TLS. */
  readonly proxyUrl: string;
  /** `http://127.0.0.1:PORT`: the health check, and redirections. */
  readonly plainUrl: string;
  /** PEM of the CA of all the servers' certificates. */
  readonly tlsCaPem: string;
  readonly clients: Readonly<Record<ClientName, Credential>>;
  /** A new certificate for the same subject, as when a client certificate is rotated. */
  newClient(name: ClientName): Credential;
  /** PEM chain of each CA by its name, the CA first. */
  readonly chains: Readonly<Record<string, string>>;
  /** The CA of the name: its fields can be changed. Throws a TypeError for an unknown one. */
  authority(name: string): CertificateAuthority;
  /** The role of the name, `issuer` or `superadmin`: its sets can be changed. Throws a TypeError for an unknown one. */
  role(name: string): Role;
  readonly certificateProfiles: Map<string, CertificateProfile>;
  readonly endEntityProfiles: Map<string, EndEntityProfile>;
  readonly endEntities: EndEntities;
  readonly store: CertificateStore;
  readonly approvals: Approvals;
  readonly revocationApprovals: RevocationApprovals;
  /** As the RA web does: a request that adds an end entity, and keeps a CSR for finalize. Answers its id, the given one if any. */
  requestEnrolment(enrolment: NonNullable<ApprovalRequest["enrolment"]>, id?: string): string;
  /** REST protocols that are on. */
  readonly protocols: Set<string>;
  /** Serial numbers of clients' certificates that EJBCA takes for revoked. */
  readonly revokedAdmins: Set<string>;
  /** The next certificates get these serial numbers, in hexadecimal; then random ones again. */
  readonly nextSerials: string[];
  readonly oauth: OauthServer;
  readonly faults: Faults;
  readonly ledger: Ledger;
  /** Every request so far, of any node. */
  readonly requests: readonly RequestRecord[];
  /** Errors of the simulator itself, which a test should find empty. */
  readonly defects: readonly unknown[];
  stop(): Promise<void>;
}

/** Starts a simulator on 127.0.0.1, with the CAs, profiles and client certificates of the recorded server. */
export async function startEjbca(options: EjbcaOptions = {}): Promise<Ejbca> {
  const { clock: now = () => new Date(), nodes: nodeCount = 1, keepAliveTimeoutMs = 50_000 } = options;
  const authorities = await labAuthorities(now());
  const authority = (name: string) => known(authorities, name, "CA");
  const nextSerials: string[] = [];
  const approvals = new Approvals();
  const world: World = {
    now,
    revision: options.revision ?? "EJBCA 8.2.0.1 Enterprise (working copy)",
    authorities,
    certificateProfiles: labCertificateProfiles(),
    endEntityProfiles: labEndEntityProfiles(),
    endEntities: new EndEntities(),
    store: new CertificateStore(),
    ledger: new Ledger(),
    roles: labRoles(),
    approvals,
    revocationApprovals: new RevocationApprovals(approvals),
    revokedAdmins: new Set(),
    protocols: new Set(options.protocols ?? labProtocols),
    tokens: new TokenVerifier(options.audience ?? "ejbca-lab"),
    serialNumber: () => {
      const next = nextSerials.shift();
      return next === undefined ? serialBytes(options.random) : Buffer.from(next.padStart(40, "0"), "hex");
    },
  };
  const management = authority("ManagementCA");
  const clients = newClients(authorities, now());
  world.revokedAdmins.add(clients.revoked.serial);
  world.endEntities.add({ username: "superadmin", password: "", subjectDn: "CN=superadmin,O=EJBCA Lab" });

  const faults = new Faults();
  const requests: RequestRecord[] = [];
  const defects: unknown[] = [];
  const foreign: Authority = await newAuthority(now());
  const tls = newCredential(management, { commonName: "localhost", now: now(), server: true });
  const trusted = ["ManagementCA", "LabIssuingCA", "LabRootCA"].map(
    (name) => authority(name).current.certificate.pem,
  );
  const server = (node: number, clientAuth: ListenerOptions["clientAuth"]) =>
    tlsListener({
      clientAuth,
      tls,
      trusted,
      keepAliveTimeoutMs,
      serve: serveCall({ world, faults, requests, defects, foreign, node, httpsPort }),
    });
  const httpsPort = (): number => wanting[0]?.port ?? 0;
  const wanting = Array.from({ length: nodeCount }, (_, node) => server(node, "want"));
  const needing = server(0, "need");
  const proxied = server(0, "never");
  const plain = plainListener(serveCall({ world, faults, requests, defects, foreign, node: 0, httpsPort }));
  const listeners: readonly Listener[] = [...wanting, needing, proxied, plain];
  for (const [at, listener] of listeners.entries()) await listener.up(at === 0 ? options.port : undefined);
  const oauth = await startOauthServer({ tls, tokens: world.tokens, now });

  const nodes = wanting.map((listener) => ({
    url: restUrl(listener),
    port: listener.port,
    down: () => listener.down(),
    up: () => listener.up(),
  }));
  const stop = async () => {
    faults.database = "up";
    await Promise.all([...listeners.map((listener) => listener.down()), oauth.stop()]);
  };
  return {
    url: nodes[0]?.url ?? "",
    urls: nodes.map(({ url }) => url),
    port: nodes[0]?.port ?? 0,
    nodes,
    needUrl: restUrl(needing),
    proxyUrl: restUrl(proxied),
    plainUrl: `http://127.0.0.1:${plain.port}`,
    tlsCaPem: management.current.certificate.pem,
    clients,
    newClient: (name) => newClient(name, authorities, now()),
    get chains() {
      return Object.fromEntries([...authorities].map(([name, ca]) => [name, ca.chainPem()]));
    },
    authority,
    role: (name) => known(world.roles, name, "role"),
    certificateProfiles: world.certificateProfiles,
    endEntityProfiles: world.endEntityProfiles,
    endEntities: world.endEntities,
    store: world.store,
    approvals,
    revocationApprovals: world.revocationApprovals,
    requestEnrolment: (enrolment, id) =>
      approvals.add(() => void world.endEntities.add(enrolment), { enrolment, id }),
    protocols: world.protocols,
    revokedAdmins: world.revokedAdmins,
    nextSerials,
    oauth,
    faults,
    ledger: world.ledger,
    requests,
    defects,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function restUrl({ port }: Listener): string {
  return `https://127.0.0.1:${port}${restBase}`;
}

function known<T>(things: ReadonlyMap<string, T>, name: string, what: string): T {
  const thing = things.get(name);
  if (thing === undefined)
    throw new TypeError(`Expected the name of a ${what} (${[...things.keys()].join(", ")}), got ${name}`);
  return thing;
}
