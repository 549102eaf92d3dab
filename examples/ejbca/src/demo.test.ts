import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runDemoProcess } from "../../../packages/testing/src/demo/demo-fixture.ts";

test("npm run demo ejbca issues a certificate that OpenSSL verifies, and leaves nothing running", async () => {
  const cwd = await mkdtemp(`${tmpdir()}/countersign-demo-ejbca-test-`);
  try {
    const { code, stdout, stderr } = await runDemoProcess("ejbca", [], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/started a simulator of EJBCA at https:\/\/127\.0\.0\.1:\d+/);
    expect(stdout).toMatch(
      /openssl verify, with the root of LabIssuingCA as the simulator gave it: {2}tls\.crt: OK/,
    );
    const address = /https:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? "";
    await expect(fetch(address)).rejects.toThrow("fetch failed");
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
});
