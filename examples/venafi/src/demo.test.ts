import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runDemoProcess } from "../../../packages/testing/src/demo/demo-fixture.ts";

test("npm run demo venafi issues through both simulators, verified by OpenSSL, and leaves nothing running", async () => {
  const cwd = await mkdtemp(`${tmpdir()}/countersign-demo-venafi-test-`);
  try {
    const { code, stdout, stderr } = await runDemoProcess("venafi", [], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/started a simulator of Venafi TPP at https:\/\/127\.0\.0\.1:\d+/);
    expect(stdout).toMatch(/started a simulator of Venafi's SaaS at https:\/\/127\.0\.0\.1:\d+/);
    for (const whose of ["TPP", "SaaS"])
      expect(stdout).toContain(`openssl verify, with the root of the ${whose} simulator:  tls.crt: OK`);
    expect((await readdir(join(cwd, "countersign-out/venafi"))).sort()).toEqual(["saas", "tpp"]);
    for (const [address] of stdout.matchAll(/https:\/\/127\.0\.0\.1:\d+/g))
      await expect(fetch(address)).rejects.toThrow("fetch failed");
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}, 40_000);

test("its options are those of every demonstration", async () => {
  const cwd = await mkdtemp(`${tmpdir()}/countersign-demo-venafi-test-`);
  try {
    const help = await runDemoProcess("venafi", ["--help"], { cwd });
    expect(help.stdout.match(/--print-manifests/g)?.length).toBeGreaterThan(0);
    expect(help.stdout).toContain("npm run demo venafi");
    const manifests = await runDemoProcess("venafi", ["--print-manifests"], { cwd });
    expect(manifests.stdout.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(2);
    const wrong = await runDemoProcess("venafi", ["--nonsense"], { cwd });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr.split("\n")).toHaveLength(2);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}, 40_000);
