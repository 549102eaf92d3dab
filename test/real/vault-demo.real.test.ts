import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runDemoProcess } from "../../packages/testing/src/demo/demo-fixture.ts";
import { describeWithRigs, VAULT } from "../rigs/rigs.ts";

describeWithRigs(VAULT.openbao, "npm run demo vault", () => {
  test("issues a certificate with a real OpenBao, verified by OpenSSL, and leaves nothing running", async () => {
    const cwd = await mkdtemp(`${tmpdir()}/countersign-demo-vault-test-`);
    try {
      const { code, stdout, stderr } = await runDemoProcess("vault", [], { cwd });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/started OpenBao at https:\/\/127\.0\.0\.1:\d+/);
      expect(stdout).toMatch(/openssl verify, with the root of pki_root as OpenBao gave it: {2}tls\.crt: OK/);
      const address = /https:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? "";
      await expect(fetch(address)).rejects.toThrow("fetch failed");
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
});
