import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runDemoProcess } from "../../../packages/testing/src/demo/demo-fixture.ts";

test("npm run demo ejbca-sign-webhook issues through the service, and leaves nothing running", async () => {
  const cwd = await mkdtemp(`${tmpdir()}/countersign-demo-sign-webhook-test-`);
  try {
    const { code, stdout, stderr } = await runDemoProcess("ejbca-sign-webhook", [], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/started a simulator of EJBCA at https:\/\/127\.0\.0\.1:\d+/);
    expect(stdout).toMatch(
      /openssl verify, with the root of LabIssuingCA as the simulator gave it: {2}tls\.crt: OK/,
    );
    const address = /https:\/\/localhost:\d+/.exec(stdout)?.[0] ?? "";
    await expect(fetch(address)).rejects.toThrow("fetch failed");
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
});
