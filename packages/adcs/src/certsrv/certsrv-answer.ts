import {
  type HttpResponse,
  IssuerError,
  parseRetryAfter,
  RetryableError,
  type SignerError,
} from "@countersign/issuer-signer";

/** Why http.sys or IIS refuses, by the substatus that stands in its pages in any language (MS-docs "HTTP status codes in IIS"). */
const substatuses: Readonly<Record<string, string>> = Object.freeze({
  "403.4": "the page wants TLS: use https",
  "403.7": "the page wants a client certificate, which this issuer has not: switch that off for certsrv",
  "403.14": "there is no page at this path: correct the path of the URL",
  "403.16": "the server does not trust the client certificate",
});

/**
 * Why an answer of the web server cannot be one of certsrv; undefined where it can. A 401 and redirects have been dealt with.
 *
 * @param mayIssue whether the call can have made a certificate
 */
export function answerError(host: string, answer: HttpResponse, mayIssue: boolean): SignerError | undefined {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return undefined;
  const said = `certsrv at ${host} answered ${status}`;
  if (status === 429 || status >= 500) {
    // A request that http.sys itself answers has reached no application.
    const isStopped = status === 503 && /^Microsoft-HTTPAPI\b/i.test(String(headers.server));
    return new RetryableError(`${said}: ${serverTrouble(status, isStopped)}.`, {
      issuedNothing: !mayIssue || isStopped || status === 429,
      retryAfterMs: parseRetryAfter(headers["retry-after"], Date.now()),
    });
  }
  return new IssuerError(`${said}: ${refusal(status, body)}.`);
}

function serverTrouble(status: number, isStopped: boolean): string {
  if (isStopped) return "its application pool is stopped. Start it in IIS";
  if (status === 429) return "too many requests. Lower the issuer's limits";
  if (status === 502 || status === 504) return "a proxy does not reach it";
  return "look into the log of IIS, and whether the CA runs";
}

function refusal(status: number, body: Buffer): string {
  const page = body.subarray(0, 65_536).toString("latin1");
  const substatus = Object.keys(substatuses).find((number) => page.includes(number));
  if (status === 403)
    return (
      substatuses[substatus ?? ""] ??
      "the issuer's account is known, but may not use this page. Look at the rights on the folder of certsrv and at IP restrictions"
    );
  if (status === 404 || status === 405)
    return "there is no web enrolment at this path. Install the role service Web Enrollment, or correct the path of the URL, which is /certsrv by default";
  if (status === 400)
    return "the request is refused before it reaches certsrv. A Kerberos token of an account in many groups is too long for http.sys: raise MaxFieldLength and MaxRequestBytes, or take an account of few groups";
  if (status === 413) return "the request is too large. Raise uploadReadAheadSize of IIS";
  return "the URL is not that of a web enrolment. Correct it";
}
