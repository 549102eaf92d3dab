import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { testSigner } from "@countersign/issuer-signer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markdownBlocks } from "../../../test/tools/markdown-blocks.ts";
import { webhook } from "../../webhook/src/webhook.ts";
import { newConnectionCa, type PemPair } from "./demo-service.ts";
import { type CurlClient, curlClient, newBody, type Program, startProgram } from "./program-fixture.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/runbooks/webhook.md"), "utf8");
const messages = markdownBlocks(page).filter(({ language }) => language === "text");
const rule = "/ca_functionality/create_certificate/";

let program: Program;
let good: PemPair;
let curl: CurlClient;
let files: CurlClient;

beforeAll(async () => {
  const limits = { maxConcurrent: 1, maxConcurrentPerCaller: 1 };
  program = await startProgram({ limits, tokens: { audiences: ["sign"], usernames: ["nobody"] } }, [
    "--kubeconfig",
    await deadKubeconfig(),
  ]);
  good = await program.files.ca.issue("webhook-issuer");
  curl = await curlClient(program.files.ca.pem, good);
});
afterAll(async () => {
  await curl?.[Symbol.asyncDispose]();
  await files?.[Symbol.asyncDispose]();
  await program?.[Symbol.asyncDispose]();
});

/** Of an API server that is not there. */
async function deadKubeconfig(): Promise<string> {
  files = await curlClient("");
  return files.file(
    "kubeconfig",
    JSON.stringify({
      clusters: [{ name: "dead", cluster: { server: "http://127.0.0.1:1" } }],
      contexts: [{ name: "dead", context: { cluster: "dead", user: "dead" } }],
      users: [{ name: "dead", user: {} }],
      "current-context": "dead",
    }),
  );
}

/** What an issuer says that asks the service. */
async function issuerSays(spec: object = {}, secrets: object = {}, commonName?: string): Promise<string> {
  const ref = { name: "client" };
  const refs = { caBundleSecretRef: ref, clientCertSecretRef: ref, clientKeySecretRef: ref };
  const { ca } = program.files;
  return testSigner(webhook, {
    spec: { webhook: { url: program.url, ...refs, ...spec } },
    secrets: { caBundle: ca.pem, clientCert: good.cert, clientKey: good.key, ...secrets },
    request: { dnsNames: ["a.example.com"], commonName },
  }).then(
    () => "issued",
    (error: Error) => error.message,
  );
}

/** Waits for a line of the program's log, and answers its words. */
async function logSays(words: string): Promise<string> {
  await expect.poll(() => program.lines.map(({ msg }) => msg), { timeout: 10_000 }).toContain(words);
  return words;
}

const post = async (...args: readonly string[]) =>
  curl.run(
    ...["--header", "Content-Type: application/json", ...args],
    ...["--data-binary", await newBody(), `${program.url}/sign`],
  );

const cases: Readonly<Record<string, () => Promise<string>>> = {
  "The credentials are not accepted": async () => {
    const { cert, key } = await program.files.ca.issue("somebody");
    return issuerSays({}, { clientCert: cert, clientKey: key });
  },
  "The certificate of the service is not trusted": () => issuerSays({}, { caBundle: newConnectionCa().pem }),
  "The service has another name": () => issuerSays({ serverName: "other.example.com" }),
  "The path is wrong": () => issuerSays({ healthPath: "/healthz" }),
  "The service cannot use EJBCA": async () => {
    const { rules } = program.files.ejbca.role("issuer");
    rules.delete(rule);
    const said = await issuerSays();
    rules.add(rule);
    return said;
  },
  "EJBCA is away": async () => {
    const [node] = program.files.ejbca.nodes;
    await node?.down();
    const said = await issuerSays();
    await node?.up();
    return said;
  },
  "The service is away": () => issuerSays({ url: "https://localhost:1" }),
  "A request is refused": async () => {
    await issuerSays({}, {}, "twice.example.com");
    return issuerSays({}, {}, "twice.example.com");
  },
  "EJBCA is not ready to sign": async () => {
    await using broken = await startProgram({ ejbca: { ...brokenEjbca } });
    const words = "EJBCA is not ready to sign";
    await expect.poll(() => broken.lines.map(({ msg }) => msg), { timeout: 10_000 }).toContain(words);
    return words;
  },
  "The TLS files cannot be used": async () => {
    const { files } = program;
    const other = await files.ca.issue("sign-webhook");
    await files.mount("server", { "tls.crt": good.cert, "tls.key": other.key, "clients.crt": files.ca.pem });
    return logSays("the TLS files cannot be used; what was there before stays in use");
  },
  "The Secrets of EJBCA cannot be used": async () => {
    const { mount, ejbca } = program.files;
    await mount("ejbca-client", { "ca.crt": ejbca.tlsCaPem });
    return logSays("the Secrets of EJBCA cannot be used; what was there before stays in use");
  },
  "A token cannot be reviewed": async () => {
    expect((await post("--header", "Authorization: Bearer abc.def")).status).toBe(503);
    return logSays("a token cannot be reviewed");
  },
  "A possible duplicate": async () => {
    const { ejbca } = program.files;
    ejbca.faults.add({ action: { kind: "lose" }, route: "pkcs10enroll" });
    const body = ["--data-binary", await newBody(), `${program.url}/sign`];
    const again = () => curl.run("--header", "Content-Type: application/json", ...body);
    expect((await again()).status).toBe(503);
    ejbca.faults.searchFindsNothing = true;
    expect((await again()).status).toBe(200);
    ejbca.faults.searchFindsNothing = false;
    expect(ejbca.ledger.duplicates()).toHaveLength(1);
    return String(program.lines.find(({ msg }) => msg === "possible-duplicate")?.error);
  },
  "Too many requests": async () => {
    program.files.ejbca.faults.add({ action: { kind: "delay", ms: 1_000 }, route: "pkcs10enroll" });
    const replies = await Promise.all([post(), post(), post(), post()]);
    return replies.find(({ status }) => status === 429)?.body ?? JSON.stringify(replies);
  },
};

const brokenEjbca = {
  url: "https://127.0.0.1:1",
  auth: { clientCertificate: { secretName: "ejbca-client" } },
  certificateAuthorityName: "A",
  certificateProfileName: "B",
  endEntityProfileName: "C",
};

describe("docs/runbooks/webhook.md", () => {
  test("has a case here for each message", () => {
    expect(messages.map(({ section }) => section)).toEqual(Object.keys(cases));
  });

  test.each(messages.map(({ section, text }) => [section, text.trim()] as const))(
    "%s: has the message",
    async (section, text) => {
      expect(await cases[section]?.()).toContain(text);
    },
  );
});
