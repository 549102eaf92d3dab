import type { Answer } from "./answer.ts";

/** The good answer to an enrolment, as JSON. */
interface Issued {
  readonly certificate: string;
  readonly serial_number: string;
  readonly certificate_chain?: readonly string[];
}

function changed(change: (body: Issued) => unknown): (good: Answer) => Answer {
  return (good) => ({ ...good, body: JSON.stringify(change(JSON.parse(good.body) as Issued)) });
}

const inLines = (text: string, size = 64) => text.replace(new RegExp(`.{${size}}`, "g"), "$&\n");
const pem = (base64: string) =>
  `-----BEGIN CERTIFICATE-----\n${inLines(base64)}\n-----END CERTIFICATE-----\n`;
const again = (text: string) => Buffer.from(text).toString("base64");

/**
 * Answers with the right certificate in another form than recorded, for the fault `tamper`: what other versions, other
 * resources and proxies write. A client may take or refuse each, but must not take it for something else.
 */
export const unusualAnswers: Readonly<Record<string, (good: Answer) => Answer>> = Object.freeze({
  "no chain": changed(({ certificate_chain: _, ...body }) => body),
  "an empty chain": changed((body) => ({ ...body, certificate_chain: [] })),
  "a chain of null": changed((body) => ({ ...body, certificate_chain: null })),
  "the chain from the root down": changed((body) => ({
    ...body,
    certificate_chain: body.certificate_chain?.toReversed(),
  })),
  "the leaf in the chain as well": changed((body) => ({
    ...body,
    certificate_chain: [body.certificate, ...(body.certificate_chain ?? [])],
  })),
  "the chain without the root": changed((body) => ({
    ...body,
    certificate_chain: body.certificate_chain?.slice(0, -1),
  })),
  "PEM in place of base64": changed((body) => ({ ...body, certificate: pem(body.certificate) })),
  "base64 twice, as a search writes it": changed((body) => ({
    ...body,
    certificate: again(inLines(body.certificate)),
  })),
  "base64 of PEM with lines of text, as finalize writes it": changed((body) => ({
    ...body,
    certificate: again(`Subject: CN=x\nIssuer: CN=y\n${pem(body.certificate)}`),
    response_format: "PEM",
  })),
  "line feeds in the base64": changed((body) => ({ ...body, certificate: inLines(body.certificate) })),
  "keys that nobody knows": changed((body) => ({ ...body, request_id: 1, profile: { nested: [true] } })),
  "no serial number": changed(({ serial_number: _, ...body }) => body),
  "another serial number": changed((body) => ({ ...body, serial_number: "1234ABCD" })),
});
