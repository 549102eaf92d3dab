import { derNull } from "../../packages/signer/src/x509/der-writer.ts";
import { nested } from "../../packages/signer/src/x509/hostile-csr-encoding-fixture.ts";
import { ec, withSan } from "../../packages/signer/src/x509/hostile-csr-fixture.ts";
import { encodePem } from "../../packages/signer/src/x509/pem.ts";
import { attribute, attributesField, generalName } from "../../packages/signer/src/x509/request-fixture.ts";
import type { CsrCase } from "./csr-case.ts";

const label = "CERTIFICATE REQUEST";
const honest = encodePem(label, ec({}));
const body = honest.split("\n").slice(1, -2).join("\n");

/** An honest request whose base64 ends with padding: the length of an ECDSA signature varies. */
function padded(): string {
  for (;;) {
    const request = encodePem(label, ec({}));
    if (request.includes("=")) return request;
  }
}

const text = (name: string, request: string, ours: CsrCase["ours"]): CsrCase => ({
  name,
  request: () => request,
  ours,
});

/** The text around a request, and its size. */
export const textCases: readonly CsrCase[] = [
  text("one PEM block", honest, "issued"),
  text("one PEM block with CRLF", honest.replaceAll("\n", "\r\n"), "issued"),
  text("the old label", encodePem(`NEW ${label}`, ec({})), "issued"),
  text("white space around the block", `\n\n  \n${honest}\n \n`, "issued"),
  text("no final newline", honest.trimEnd(), "issued"),
  text("one line of base64", honest.replace(body, body.replaceAll("\n", "")), "issued"),
  text("blanks inside the base64", honest.replace(body, body.replace(/(.{20})/, "$1 ")), /base64/),
  text("an empty line inside the base64", honest.replace(body, body.replace("\n", "\n\n")), "issued"),
  text("blanks behind the boundaries", honest.replaceAll(/(-----)\n/g, "$1 \t\n"), "issued"),
  text("a blank before the BEGIN line", ` ${honest}`, /BEGIN line/),
  text("a blank before the END line", honest.replace("-----END", " -----END"), /END line/),
  text("an END line behind base64", honest.replace("\n-----END", "-----END"), /END line/),
  text("a carriage return alone behind the END line", `${honest.trimEnd()}\r`, /END line/),
  text("a no-break space behind the END line", `${honest.trimEnd()}\xa0\n`, /END line/),
  text("a form feed before the block", `\f\n${honest}`, "issued"),
  text("carriage returns for newlines", honest.replaceAll("\n", "\r"), /BEGIN line|END line/),
  text("text before the block", `Certificate Request:\n${honest}`, /text outside/),
  text("text behind the block", `${honest}garbage\n`, /text outside/),
  text("two blocks", honest + honest, /more than one PEM block/),
  text("a PEM header", honest.replace(body, `Proc-Type: 4,ENCRYPTED\n\n${body}`), /headers/),
  text("a certificate's label", encodePem("CERTIFICATE", ec({})), /is a CERTIFICATE/),
  text("another END line", honest.replace("END CERT", "END CERTS"), /END line/),
  text("no END line", honest.slice(0, honest.indexOf("-----END")), /END line/),
  text("base64 without padding", padded().replace(/=+/, ""), /base64/),
  text("a byte that is not base64", honest.replace(body, `*${body.slice(1)}`), /base64/),
  text("nothing", "", /no PEM block/),
  text("no PEM", "hello", /text outside/),
  text("DER without PEM", Buffer.from(ec({})).toString("latin1"), /text outside/),
  text("36,500 bytes", honest.padEnd(36_500, "\n"), "issued"),
  text("36,501 bytes", honest.padEnd(36_501, "\n"), /at most 36500/),
  {
    name: "nesting of 20",
    request: () => ec({ attributes: attributesField(attribute("1.2.3", nested(20))) }),
    ours: "issued",
  },
  {
    name: "nesting of 20,000",
    request: () => ec({ attributes: attributesField(attribute("1.2.3", nested(20_000))) }),
    ours: /at most 36500/,
  },
  {
    name: "5,000 DNS names",
    request: () => withSan(...Array.from({ length: 5000 }, (_, i) => generalName(2, `h${i}.example.com`))),
    ours: /at most 36500/,
  },
  {
    name: "an attribute beside the extension request",
    request: () => ec({ attributes: attributesField(attribute("1.2.3.4", derNull)) }),
    ours: "issued",
  },
];
