import { IssuerError, issuedNothing, RequestRejected, RetryableError } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { readCertsrvPage } from "./certsrv/certsrv-page.ts";
import { readRequestState } from "./certsrv/request-state.ts";
import { connectTo, failureOf, operationOf } from "./connect-fixture.ts";

const mebibyte = 1024 * 1024;
const fill = (unit: string) => unit.repeat(Math.floor((mebibyte - 64) / unit.length));

/** Pages of 1 MiB that a careless parser takes seconds and minutes for. */
const huge: Readonly<Record<string, string>> = {
  "opening brackets": fill("<"),
  "unclosed tags": fill("<a "),
  "unclosed quotes": fill('<a href="'),
  "quotes in one tag": `<a ${fill('"x"')}>`,
  "one attribute name": `<a ${fill("a")}>`,
  "attribute names without values": `<a ${fill("a ")}>`,
  "blanks before an equals sign": `<a id${fill(" ")}=x>`,
  "unclosed comments": fill("<!--"),
  "closed comments": fill("<!---->"),
  "unclosed scripts": fill("<script>"),
  "scripts in scripts": fill("<script><script></script>"),
  "half of an end of a script": `<script>${fill("</scrip")}`,
  ids: fill("<p id=locx>1"),
  entities: `<p id=locInfoReqID>${fill("&#160;")}`,
  digits: `<p id=locInfoReqID>${fill("1")}`,
  codes: `<p id=locInfoReqIDandReason>${fill("0x8009480")}`,
  "links without an end": fill("certnew.cer?ReqID="),
  "nested elements": fill("<b>"),
};

describe("a page of 1 MiB of", () => {
  test.each(Object.entries(huge))("%s is read in no time", (_, page) => {
    const started = performance.now();
    readRequestState(page);
    expect(performance.now() - started).toBeLessThan(1_500);
  });
});

const tenThousand = Array.from(
  { length: 10_000 },
  (_, id) => `<a href="certnew.cer?ReqID=${id + 1}&amp;Enc=b64">x</a>`,
);

/** What is answered to a submission, and what it may lead to: never a hang, a denial or a certificate. */
const pages: readonly (readonly [string, string])[] = [
  ...Object.entries(huge).filter(([name]) => name !== "codes"),
  ["broken HTML", "<HTML><Body><P ID=locInfoReqID <B> your id"],
  ["nothing", ""],
  ["a script that imitates a denial", "<Script>document.write('<P ID=locDenied> 0x80094800')</Script>"],
  ["a comment that imitates an issued page", '<!-- <a href="certnew.cer?ReqID=7&amp;Enc=b64"> -->'],
  ["10,000 links", tenThousand.join("\n")],
  ["a proxy's login", '<form action="/login"><input id="user" onfocus="alert(1)"></form>'],
  ["a pending page without an id", "<P ID=locInfoReqID> soon"],
  ["an id beyond a DWORD", "<P ID=locInfoReqID> 99999999999"],
  ["a denial without id and code", "<P ID=locDenied> no <P ID=locInfoReqIDandReason>"],
  ["binary", String.fromCharCode(...Array.from({ length: 255 }, (_, at) => at))],
];

describe("submitted to", () => {
  test.each(pages)("%s: a clear error that says that something may have been issued", async (_, body) => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    certsrv.fault("certfnsh.asp", { kind: "answer", answer: { body } });
    const outcome = await adcs.sign().catch((error: Error) => error);
    expect(outcome).toBeInstanceOf(RetryableError);
    expect(issuedNothing(outcome)).toBe(false);
    const { message } = outcome as Error;
    expect(message).toMatch(/page that is not understood|bytes|larger/);
    expect(message.length).toBeLessThan(1024);
    expect(message).not.toMatch(/[<\r\n]/);
  });

  test.each(pages)("%s, when it is polled, keeps the request", async (_, body) => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv, { adcs: { template: "WebServerApproval" } });
    const request = await signRequestFor();
    const operation = operationOf(await adcs.sign(request));
    certsrv.fault("certnew.cer", { kind: "answer", answer: { body } });
    const error = await failureOf(adcs.sign(request, operation));
    expect(error).not.toBeInstanceOf(RequestRejected);
    expect(error.message).not.toMatch(/[<\r\n]/);
    await certsrv.ca.approve(operation.requestId);
    expect(await adcs.sign(request, operation)).toMatchObject({ status: "issued" });
  });

  test("more than 1 MiB is not read", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    certsrv.fault("certcarc.asp", { kind: "answer", answer: { body: "x".repeat(2 * mebibyte) } });
    expect(await failureOf(adcs.check())).toBeInstanceOf(IssuerError);
  });

  test("a link to somebody else's certificate leads to an error, not to that certificate", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    await adcs.sign();
    certsrv.fault("certfnsh.asp", {
      ...{ kind: "answer", answer: { body: '<a href="certnew.cer?ReqID=7&amp;Enc=b64">' } },
    });
    const request = await signRequestFor();
    const operation = operationOf(await adcs.sign(request));
    expect((await failureOf(adcs.sign(request, operation))).message).toMatch(/is for another key/);
  });
});

test("whatever the page, reading it neither throws nor takes long", () => {
  const piece = fc.constantFrom(
    ...[
      "<",
      ">",
      '"',
      "'",
      "<p id=",
      "locInfoReqID",
      "locDenied",
      "<!--",
      "-->",
      "<script>",
      "</script>",
      "=",
    ],
    ...[
      "certnew.cer?ReqID=7",
      "0x80094800",
      " ",
      "\n",
      "<DT ID=locDispLabel>",
      "5",
      "<LocID ID=locDispSpacer>",
      "é",
      "\0",
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
      const page = pieces.join("");
      readCertsrvPage(page);
      readRequestState(page);
    }),
    { numRuns: 2_000 },
  );
});
