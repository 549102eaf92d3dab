import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asBytes, issued } from "@countersign/issuer-signer";
import { issuerFragment, secretKeyRef } from "@countersign/issuer-signer/spec";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { serveFragment } from "./serve-fragment.ts";
import { ServedSigner } from "./served-signer.ts";
import { WatchedFiles } from "./watched-files.ts";

/** Nothing is claimed of the time: a loaded machine takes it. */
const patience = { timeout: 10_000 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-watched-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Replaces a mounted Secret as the kubelet does: a new folder, and one link that is moved over the old one. */
async function mount(name: string, values: Readonly<Record<string, string | Buffer>>) {
  const version = await mkdtemp(join(folder, "..data-"));
  for (const [key, value] of Object.entries(values)) await writeFile(join(version, key), value);
  await symlink(version, join(folder, `${name}.new`));
  await rename(join(folder, `${name}.new`), join(folder, name));
}

describe("watched files", () => {
  test("are used once, and again when they change, however they are replaced", async () => {
    await mount("tls", { a: "1" });
    const seen: string[] = [];
    const problems: unknown[] = [];
    const files = await WatchedFiles.start({
      files: { a: { path: join(folder, "tls", "a") } },
      use: ({ a }) => void seen.push(String(a)),
      onProblem: (error) => problems.push(error),
      everyMs: 10,
    });
    await mount("tls", { a: "2" });
    await expect.poll(() => seen, patience).toEqual(["1", "2"]);
    await writeFile(join(folder, "tls", "a"), "3");
    await expect.poll(() => seen, patience).toEqual(["1", "2", "3"]);
    await files.close();
    await mount("tls", { a: "4" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toEqual(["1", "2", "3"]);
    expect(problems).toEqual([]);
  });

  test("that cannot be used are told of once, and the next good ones are", async () => {
    await mount("tls", { a: "1" });
    const seen: string[] = [];
    const problems: unknown[] = [];
    const files = await WatchedFiles.start({
      files: { a: { path: join(folder, "tls", "a") } },
      use({ a }) {
        if (String(a) === "bad") throw new Error("bad");
        seen.push(String(a));
      },
      onProblem: (error) => problems.push(error),
      everyMs: 60_000,
    });
    await mount("tls", { a: "bad" });
    for (let looks = 0; looks < 3; looks += 1) await files.look();
    expect(problems).toHaveLength(1);
    await mount("tls", {});
    for (let looks = 0; looks < 3; looks += 1) await files.look();
    expect(problems).toHaveLength(2);
    expect(String(problems[1])).toContain("cannot be read (ENOENT)");
    await mount("tls", { a: "2" });
    await files.look();
    expect(seen).toEqual(["1", "2"]);
    await files.close();
  });

  test("must be good at first", async () => {
    const options = { use: () => {}, onProblem: () => {} };
    await expect(
      WatchedFiles.start({ ...options, files: { a: { path: join(folder, "none") } } }),
    ).rejects.toThrow(/none cannot be read \(ENOENT\)/);
  });
});

describe("a served fragment", () => {
  const fragment = issuerFragment({
    spec: z.object({ tokenRef: secretKeyRef({ defaultKey: "token" }), otherRef: secretKeyRef().optional() }),
    secrets: ({ tokenRef, otherRef }) => ({ token: tokenRef, other: otherRef }),
    connect({ secrets }) {
      if (secrets.token === "bad") throw new Error("bad token");
      return {
        check: async () => {},
        sign: async () => issued({ chain: `${secrets.token} ${secrets.other}` }),
        close: async () => void closed.push(secrets.token),
      };
    },
  });
  const closed: string[] = [];
  const never = new AbortController().signal;

  test("reads its Secrets from files, and has another signer when they are rotated; calls under way end", async () => {
    await mkdir(join(folder, "unused"));
    await mount("pki", { token: "1" });
    const served = new ServedSigner();
    const problems: unknown[] = [];
    const files = await serveFragment({
      fragment,
      spec: { tokenRef: { name: "pki" } },
      secretsDirectory: folder,
      served,
      onProblem: (error) => problems.push(error),
    });
    const chain = () =>
      served.use(async (signer) => {
        const outcome = await signer.sign({} as never, {
          operation: undefined,
          signal: never,
          attemptId: "",
        });
        return outcome.status === "issued" ? outcome.chain : "";
      });
    expect(await chain()).toBe("1 undefined");
    const { promise: go, resolve } = Promise.withResolvers<void>();
    const underWay = served.use(async (signer) => {
      await go;
      return signer.sign({} as never, { operation: undefined, signal: never, attemptId: "" });
    });
    await mount("pki", { token: "2" });
    await files.look();
    expect(await chain()).toBe("2 undefined");
    expect(closed).toEqual([]);
    resolve();
    expect(await underWay).toMatchObject({ chain: "1 undefined" });
    await expect.poll(() => closed, patience).toEqual(["1"]);
    await mount("pki", { token: "bad" });
    await files.look();
    expect(await chain()).toBe("2 undefined");
    expect(problems).toMatchObject([{ message: "bad token" }]);
    await files.close();
    await served.close();
    expect(closed).toEqual(["1", "2"]);
  });

  test("hands over bytes as bytes and leaves out a key that may be missing; text is UTF-8", async () => {
    const seen: unknown[] = [];
    const mixed = issuerFragment({
      spec: z.object({}),
      secrets: () => ({
        keytab: asBytes({ name: "pki", key: "keytab" }),
        password: { name: "pki", key: "password", optional: true } as const,
        text: { name: "pki", key: "text" },
      }),
      connect({ secrets }) {
        seen.push(secrets);
        return { check: async () => {}, sign: async () => issued({ chain: "" }) };
      },
    });
    await mount("pki", { keytab: Buffer.of(5, 2, 255), text: "ä" });
    const options = { secretsDirectory: folder, served: new ServedSigner(), onProblem: () => {} };
    await (await serveFragment({ ...options, fragment: mixed, spec: {} })).close();
    expect(seen).toEqual([{ keytab: Buffer.of(5, 2, 255), password: undefined, text: "ä" }]);
    await mount("pki", { keytab: Buffer.of(0), text: Buffer.of(255) });
    await expect(serveFragment({ ...options, fragment: mixed, spec: {} })).rejects.toThrow(
      "pki/text is not UTF-8",
    );
  });

  test("refuses a spec that is none", async () => {
    const options = { fragment, secretsDirectory: folder, served: new ServedSigner(), onProblem: () => {} };
    await expect(serveFragment({ ...options, spec: {} })).rejects.toThrow("tokenRef");
  });
});
