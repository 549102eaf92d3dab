import { CONTROL_PLANE, describeWithRigs } from "../rigs/rigs.ts";
import { leaderCases } from "./cases/leaders.ts";
import { startRealReplicaCluster } from "./fixtures/real-replica-cluster.ts";

describeWithRigs(CONTROL_PLANE, "replicas of an issuer on a real kube-apiserver", () => {
  leaderCases(startRealReplicaCluster);
});
