import { type Answer, htmlAnswer } from "./answer.ts";
import { pages } from "./texts.ts";

/** The good answer to an enrolment, as JSON. */
interface Issued {
  readonly certificate: string;
  readonly certificate_chain?: readonly string[];
}

type Change = (body: Issued) => unknown;

/** The body replaced; the status and the type stay. */
function changed(change: Change): (good: Answer) => Answer {
  return (good) => ({ ...good, body: JSON.stringify(change(JSON.parse(good.body) as Issued)) });
}

/**
 * Answers after a certificate has been issued that no client can use, by what is wrong with them: for the fault `tamper`.
 * None was recorded; a proxy, a fault or another version may say so. What a *certificate* can be wrong in is in
 * `ejbcaBadCertificates`: for the fault `badCertificate`.
 */
export const oddAnswers: Readonly<Record<string, (good: Answer) => Answer>> = Object.freeze({
  "an empty body": (good: Answer) => ({ ...good, body: "" }),
  "an empty object": changed(() => ({})),
  "an array": changed((body) => [body]),
  "a text": changed(({ certificate }) => certificate),
  null: changed(() => null),
  "half of the JSON": (good: Answer) => ({ ...good, body: good.body.slice(0, good.body.length >> 1) }),
  "no certificate": changed(({ certificate: _, ...rest }) => rest),
  "an empty certificate": changed((body) => ({ ...body, certificate: "" })),
  "a certificate of null": changed((body) => ({ ...body, certificate: null })),
  "a number for a certificate": changed((body) => ({ ...body, certificate: 42 })),
  "a certificate that is not base64": changed((body) => ({ ...body, certificate: "%%%not base64%%%" })),
  "base64 of nothing of the kind": changed((body) => ({
    ...body,
    certificate: Buffer.from("no certificate").toString("base64"),
  })),
  "the chain's CA for a certificate": changed((body) => ({
    ...body,
    certificate: body.certificate_chain?.[0] ?? "",
  })),
  "a page with status 201": (good: Answer) => ({ ...htmlAnswer(201, pages.notFound), status: good.status }),
  "a body of five megabytes": changed((body) => ({ ...body, padding: "x".repeat(5 * 1024 * 1024) })),
});
