import type { KubeConnection } from "../kube/connection.ts";
import { KubeTransport } from "../kube/transport.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { LeaderElection } from "./leader-election.ts";
import type { LeaderElectionTiming } from "./leader-election-options.ts";
import type { Leadership } from "./leadership.ts";
import { leaseClient } from "./lease.ts";

/** The Lease by which replicas agree on the one that signs. */
export interface LeaderElectionSettings extends Partial<LeaderElectionTiming> {
  readonly leaseName: string;
  readonly namespace: string;
  /** Of this process alone: the pod's name and something random, so that a restarted container is another candidate. */
  readonly identity: string;
}

/** What an election of a process needs beside its settings. */
export interface ElectionContext {
  readonly connection: KubeConnection;
  readonly userAgent: string;
  readonly lifecycle: Lifecycle;
  /** Competes only after this. */
  readonly ready: Promise<void>;
}

/** One connection for reads and writes, and one for the release while a renewal hangs. */
const maxConnections = 2;

/** Competes for the Lease, and announces terms and trouble. */
export function startElection(settings: LeaderElectionSettings, context: ElectionContext): Leadership {
  const { connection, userAgent, lifecycle, ready } = context;
  const { leaseName: name, namespace, identity, ...timing } = settings;
  const lease = `${namespace}/${name}`;
  // A transport of its own: a renewal must not wait for a connection behind the status writes of a busy issuer.
  const transport = new KubeTransport({ connection, userAgent, maxConnections });
  const election = new LeaderElection({
    client: leaseClient(transport, { namespace, name }),
    identity,
    timing,
    ready,
    onTrouble: (error) => lifecycle.announce("trouble", { where: `lease ${lease}`, error }),
  });
  election.onChange((change) => {
    if (change.leader)
      lifecycle.announce("leader:acquired", { lease, identity, transitions: change.transitions });
    else lifecycle.announce("leader:lost", { lease, identity, reason: change.reason });
  });
  return {
    get isLeader() {
      return election.isLeader;
    },
    get signal() {
      return election.signal;
    },
    assertHeld: () => election.assertHeld(),
    onChange: (listener) => election.onChange(listener),
    stop: () => election.stop().finally(() => transport.close()),
  };
}
