import { startControlPlane } from "../rigs/control-plane.ts";
import { CONTROL_PLANE, describeWithRigs } from "../rigs/rigs.ts";
import { runContract } from "./run-contract.ts";

describeWithRigs(CONTROL_PLANE, "contract", () => {
  runContract("real kube-apiserver", async () => {
    const controlPlane = await startControlPlane();
    return { ...controlPlane, close: () => controlPlane.stop() };
  });
});
