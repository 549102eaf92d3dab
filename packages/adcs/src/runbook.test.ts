import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Certsrv, startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { markdownBlocks } from "../../../test/tools/markdown-blocks.ts";
import { connectTo, failureOf } from "./connect-fixture.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/runbooks/adcs.md"), "utf8");
const messages = markdownBlocks(page).filter(({ language }) => language === "text");

/** What an issuer says that asks the simulator. */
async function issuerSays(certsrv: Certsrv, spec: object = {}, password = "password"): Promise<string> {
  await using adcs = connectTo(certsrv, { adcs: { ...spec }, secrets: { password } });
  return (await failureOf(adcs.check().then(() => adcs.sign()))).message;
}

const cases: Readonly<Record<string, (certsrv: Certsrv) => Promise<string>>> = {
  "The login is refused (401)": (certsrv) => issuerSays(certsrv, {}, "wrong"),
  "There is no web enrolment at the URL": (certsrv) =>
    issuerSays(certsrv, { url: `${new URL(certsrv.url).origin}/elsewhere` }),
  "A template is not found": (certsrv) => issuerSays(certsrv, { template: "Web-Server" }),
  "The account may not use the template": (certsrv) => {
    certsrv.ca.templates.set("WebServer", { validitySeconds: 86_400, enrollers: new Set(["other"]) });
    return issuerSays(certsrv);
  },
  "The template takes names from the directory": (certsrv) => issuerSays(certsrv, { template: "Machine" }),
  "A request is pending for ever": async (certsrv) => {
    await using adcs = connectTo(certsrv, { adcs: { template: "WebServerApproval" } });
    const outcome = await adcs.sign();
    return outcome.status === "pending" ? (outcome.message ?? "") : outcome.status;
  },
  "The CA is away": (certsrv) => {
    certsrv.ca.failing = 0x800706ba;
    return issuerSays(certsrv);
  },
  "The CA does not let the web server in": (certsrv) => {
    certsrv.ca.denyAll = 0x80070005;
    return issuerSays(certsrv);
  },
  "The CA cannot get a revocation list": (certsrv) => {
    certsrv.ca.denyAll = 0x80092013;
    return issuerSays(certsrv);
  },
  "A page is not understood": (certsrv) => {
    certsrv.fault("certfnsh.asp", { kind: "answer", answer: { body: "<html>Welcome</html>" } });
    return issuerSays(certsrv);
  },
};

describe("docs/runbooks/adcs.md", () => {
  test("has a case here for each message", () => {
    expect(messages.map(({ section }) => section)).toEqual(Object.keys(cases));
  });

  test.each(messages.map(({ section, text }) => [section, text.trim()] as const))(
    "%s: has the message",
    async (section, text) => {
      await using certsrv = await startCertsrv();
      expect(await cases[section]?.(certsrv)).toContain(text);
    },
  );
});
