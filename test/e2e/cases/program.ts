import { describe, expect, test } from "vitest";
import { startIssuerProgram } from "../fixtures/issuer-program.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { softwareCaIssuer } from "../identities.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** The example as a user runs it: a process of plain Node with a kubeconfig. */
export function programCases(target: TargetOf): void {
  describe("examples/software-ca as a program", () => {
    test("issues with the generated rights, logs JSON, and ends with exit code 0 on SIGTERM", async (context) => {
      const kubeconfig = await target().issuerKubeconfig(softwareCaIssuer.account);
      const program = startIssuerProgram(context, "software-ca/src/main.ts", ["--kubeconfig", kubeconfig]);
      await program.logged("watching");
      const scene = await beginScene(target(), "program");
      const ca = newTestCa("Program CA");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", ca);
      const secret = await scene.certificate({ name: "web", issuerRef, privateKey: { algorithm: "ECDSA" } });
      await opensslVerdict({ chain: secret["tls.crt"], ca: ca.root });
      await program.logged("signed");

      const ended = await program.stop("SIGTERM");
      expect(ended).toEqual({ code: 0, signal: null, stderr: "" });
      expect(program.lines.at(-1)).toMatchObject({ msg: "stopped" });
      expect(program.lines.find(({ msg }) => msg === "starting")).toMatchObject({
        clusterResourceNamespace: "issuer-system",
      });

      await scene.createRequest({ name: "orphan", issuerRef });
      await scene.untilApproved("orphan");
      expect((await scene.request("orphan"))?.status?.certificate).toBeUndefined();
    });
  });
}
