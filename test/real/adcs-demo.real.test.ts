import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runDemoProcess } from "../../packages/testing/src/demo/demo-fixture.ts";
import { describeWithAcceptors } from "../rigs/adcs-tools.ts";

describeWithAcceptors("npm run demo adcs", () => {
  test("logs in by Kerberos under EPA Require, issues what OpenSSL verifies, and leaves nothing running", async () => {
    const cwd = await mkdtemp(`${tmpdir()}/countersign-demo-adcs-test-`);
    try {
      const { code, stdout, stderr } = await runDemoProcess("adcs", [], { cwd });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const [, all, bound] =
        /logins that MIT accepted as svc-certs@CORP\.TEST: (\d+), with channel binding: (\d+)/.exec(stdout) ??
        [];
      expect(Number(all)).toBeGreaterThan(3);
      expect(bound).toBe(all);
      expect(stdout).toMatch(/openssl verify, with the simulator's root: {2}tls\.crt: OK/);
      const address = /https:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? "no address";
      await expect(fetch(address)).rejects.toThrow("fetch failed");
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
});
