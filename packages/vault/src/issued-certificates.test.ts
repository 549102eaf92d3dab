import { parseCertificates, type SignRequest, type X509 } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { type ConnectOptions, connectTo } from "./connect-fixture.ts";
import { type FakeCa, fakeRoot, fakeSign } from "./fake-pki-fixture.ts";
import { FakeVault, refused } from "./fake-vault-fixture.ts";

const denied = refused(403, "1 error occurred:\n\t* permission denied\n\n");
const list = "GET pki/certs?list=true&limit=5001";

const serialOf = ({ serialHex }: X509) => serialHex.match(/../g)?.join(":") ?? "";

/** A mount that holds these certificates, and a signer for it. */
async function mountOf(root: FakeCa, certificates: readonly X509[], options: ConnectOptions = {}) {
  const stack = new AsyncDisposableStack();
  const fake = stack.use(await FakeVault.start());
  fake.routes["GET pki/roles/web"] = {
    body: { data: { no_store: false, not_before_duration: 30, issuer_ref: "default" } },
  };
  fake.routes["GET pki/issuer/default/json"] = {
    body: { data: { certificate: root.certificate.pem, ca_chain: [root.certificate.pem] } },
  };
  const add = (certificate: X509, more: object = {}) => {
    const data = { certificate: certificate.pem, ...more };
    fake.routes[`GET pki/cert/${serialOf(certificate)}`] = { body: { data } };
    serials.push(serialOf(certificate));
  };
  const serials: string[] = [];
  for (const certificate of certificates) add(certificate);
  fake.routes[list] = () =>
    serials.length === 0 ? { status: 404, body: { errors: [] } } : { body: { data: { keys: serials } } };
  const vault = stack.use(connectTo(fake.url, options));
  return { fake, vault, add, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function certificateFor(root: FakeCa, request: SignRequest, ageSeconds = 0): Promise<X509> {
  const notBefore = (request.approvedAt - 30 - ageSeconds) * 1000;
  return fakeSign(root, { csr: request.parsedCsr, notBefore });
}

describe("find", () => {
  const root = fakeRoot();

  test("knows the certificate for the request's key, with its chain", async () => {
    const [request, other] = [await signRequestFor(), await signRequestFor()];
    const mine = await certificateFor(root, request);
    await using mount = await mountOf(root, [await certificateFor(root, other), mine, root.certificate]);
    const found = await mount.vault.find(request);
    expect(found).toMatchObject({ status: "issued" });
    const chain = parseCertificates(found?.status === "issued" ? found.chain : "");
    expect(chain.map(({ sha256Hex }) => sha256Hex)).toEqual([mine.sha256Hex, root.certificate.sha256Hex]);
  });

  test("knows nothing of a request for which there is none, nor in an empty mount", async () => {
    const request = await signRequestFor();
    await using mount = await mountOf(root, []);
    expect(await mount.vault.find(request)).toBeUndefined();
    mount.add(await certificateFor(root, await signRequestFor()));
    expect(await mount.vault.find(request)).toBeUndefined();
  });

  test("looks again for what is not there: a standby may be behind", async () => {
    const request = await signRequestFor();
    const mine = await certificateFor(root, request);
    await using mount = await mountOf(root, [mine], { settleMs: 20 });
    const listed = mount.fake.routes[list] ?? "reset";
    for (const looks of [2, 3]) {
      let left = looks;
      mount.fake.routes[list] = (call) => {
        left -= 1;
        if (left > 0) return refused(404);
        return typeof listed === "function" ? listed(call) : listed;
      };
      expect(await mount.vault.find(request)).toMatchObject({ status: "issued" });
      expect(left).toBe(0);
    }
  });

  test("reads again what was listed and could not be read", async () => {
    const request = await signRequestFor();
    const mine = await certificateFor(root, request);
    await using mount = await mountOf(root, [mine]);
    const path = `GET pki/cert/${serialOf(mine)}`;
    const entry = mount.fake.routes[path] ?? "reset";
    mount.fake.routes[path] = refused(404);
    expect(await mount.vault.find(request)).toBeUndefined();
    mount.fake.routes[path] = entry;
    expect(await mount.vault.find(request)).toMatchObject({ status: "issued" });
  });

  test("leaves out an older certificate of the same key, and takes the latest of several", async () => {
    const request = await signRequestFor();
    const old = await certificateFor(root, request, 3600);
    await using mount = await mountOf(root, [old]);
    expect(await mount.vault.find(request)).toBeUndefined();
    const [earlier, later] = [await certificateFor(root, request, 20), await certificateFor(root, request)];
    for (const certificate of [later, earlier]) mount.add(certificate);
    const found = await mount.vault.find(request);
    expect(parseCertificates(found?.status === "issued" ? found.chain : "")[0]?.serialHex).toBe(
      later.serialHex,
    );
  });

  test("leaves out a certificate that was revoked", async () => {
    const request = await signRequestFor();
    await using mount = await mountOf(root, []);
    mount.add(await certificateFor(root, request), { revocation_time: 1 });
    expect(await mount.vault.find(request)).toBeUndefined();
  });

  test("reads each certificate once, for all the requests of a crash", async () => {
    const requests = await Promise.all(Array.from({ length: 20 }, () => signRequestFor()));
    const certificates = await Promise.all(requests.map((request) => certificateFor(root, request)));
    await using mount = await mountOf(root, certificates);
    const found = await Promise.all(requests.map((request) => mount.vault.find(request)));
    expect(found.filter((outcome) => outcome?.status === "issued")).toHaveLength(20);
    const reads = mount.fake.calls.filter(({ path }) => path.startsWith("pki/cert/")).length;
    expect(reads).toBe(20 + 20);
  });

  test.each([
    ["may not list", { [list]: denied }, "list the mount's certificates"],
    ["may not read the role", { "GET pki/roles/web": denied }, "read the role"],
    ["stores nothing", { "GET pki/roles/web": { body: { data: { no_store: true } } } }, "no_store"],
    [
      "holds too many",
      { [list]: { body: { data: { keys: Array.from({ length: 5001 }, (_, at) => String(at)) } } } },
      "more than 5000",
    ],
    ["holds far too many", { [list]: { body: { data: { keys: ["x".repeat(2 ** 20)] } } } }, "more than 5000"],
    ["has lost the CA", { "GET pki/issuer/default/json": refused(404) }, "CA that issued it"],
  ])("cannot tell where the issuer %s", async (_, routes, reason) => {
    const request = await signRequestFor();
    await using mount = await mountOf(root, [await certificateFor(root, request)]);
    Object.assign(mount.fake.routes, routes);
    expect(await mount.vault.find(request)).toMatchObject({
      status: "cannot-tell",
      reason: expect.stringContaining(reason),
    });
  });

  test("is tried again where Vault does not answer now", async () => {
    const request = await signRequestFor();
    await using mount = await mountOf(root, [await certificateFor(root, request)]);
    mount.fake.routes[list] = refused(503, "Vault is sealed");
    await expect(mount.vault.find(request)).rejects.toMatchObject({ code: "RETRYABLE" });
  });

  test("needs no role where the path has none", async () => {
    const request = await signRequestFor();
    await using mount = await mountOf(root, [await certificateFor(root, request)], {
      vault: { mount: "pki", mode: "sign-verbatim" },
    });
    mount.fake.routes["GET pki/roles/web"] = denied;
    expect(await mount.vault.find(request)).toMatchObject({ status: "issued" });
  });
});
