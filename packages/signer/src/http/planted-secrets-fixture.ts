import { inspect } from "node:util";
import type { HttpRequestOptions } from "./http-request.ts";

/** For tests: what must not come out again, by where it was put in. Each is unlike anything else. */
export const planted = Object.freeze({
  bearer: "CANARY-bearer-7f31",
  basicPassword: "CANARY-basic-0b9c",
  ntlmHash: "CANARY-ntlm-55aa",
  cookie: "CANARY-cookie-91d2",
  apiKey: "CANARY-apikey-3c4e",
  vaultToken: "hvs.CANARY-vault-e810",
  customHeader: "CANARY-custom-66f0",
  query: "CANARY-query-2ab7",
  path: "CANARY-path-d41f",
  fragment: "CANARY-fragment-8e02",
  userinfo: "CANARY-userinfo-c3b1",
  jsonBody: "CANARY-jsonbody-77e5",
  rawBody: "CANARY-rawbody-19fa",
  formPassword: "CANARY-form-b6d8",
  proxyUser: "CANARY-proxyuser-4d5d",
  proxyPassword: "CANARY-proxypass-a0c9",
  privateKey: "CANARYprivatekeyF1E2",
  bundleText: "CANARY-bundletext-5e6f",
  misplaced: "CANARY-misplaced-90ab",
  idempotencyKey: "CANARY-idem-12cd",
  answerBody: "CANARY-answerbody-fe98",
  answerField: "CANARY_answerfield_0d1c",
  setCookie: "CANARY-setcookie-ba76",
  answerHeader: "CANARY-answerheader-5432",
  reasonPhrase: "CANARY-reason-dc10",
  location: "CANARY-location-9f9f",
  chunkExtension: "CANARY-chunkext-8b7a",
  proxyAnswer: "CANARY-proxyanswer-6c5b",
});

/** A call with every secret of a request planted but the bearer, which would be overridden. */
export const loadedRequest: HttpRequestOptions = Object.freeze({
  json: { password: planted.jsonBody, csr: { nested: planted.jsonBody } },
  headers: {
    authorization: `Basic ${Buffer.from(`svc:${planted.basicPassword}`).toString("base64")}`,
    cookie: `session=${planted.cookie}`,
    "x-api-key": planted.apiKey,
    "x-vault-token": planted.vaultToken,
    "x-custom": planted.customHeader,
    "idempotency-key": planted.idempotencyKey,
  },
});

/** A call with a bearer and a raw body. */
export const bearerRequest: HttpRequestOptions = Object.freeze({
  bearer: planted.bearer,
  body: `user=svc&password=${planted.formPassword}&pin=${planted.rawBody}`,
  headers: { "x-ntlm": `NTLM ${planted.ntlmHash}`, "content-type": "application/x-www-form-urlencoded" },
});

/** The URL with secrets in path, query and fragment. */
export function loadedUrl(origin: string): string {
  return `${origin}/orders/${planted.path}?key=${planted.query}#${planted.fragment}`;
}

/** Headers of an answer that hold secrets, as lines. */
export const loadedHead = [
  `set-cookie: sid=${planted.setCookie}; HttpOnly`,
  `www-authenticate: Bearer realm="${planted.answerHeader}"`,
  `x-echo: ${planted.answerHeader}`,
  `retry-after: ${planted.answerHeader}`,
].join("\r\n");

/** A body of an answer that holds secrets. */
export const loadedBody = JSON.stringify({
  [planted.answerField]: planted.answerBody,
  error: { message: planted.answerBody },
});

/** Everything that a log, a status or a debugger may show of an error. */
function everything(error: unknown): string {
  const seen = new Set<unknown>();
  const parts = [
    inspect(error, {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
      getters: true,
      maxStringLength: null,
    }),
    JSON.stringify(error) ?? "",
  ];
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at);
    parts.push(String(at), at.message, at.stack ?? "");
    for (const name of Reflect.ownKeys(at))
      parts.push(inspect(Reflect.get(at, name), { depth: 20, showHidden: true }));
  }
  return parts.join("\n");
}

/** The names of the planted secrets that an error shows, plain or in base64, hex or percent encoding. */
export function leaksOf(error: unknown): readonly string[] {
  const text = everything(error);
  return Object.entries(planted)
    .filter(([, secret]) => {
      const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -2);
      const hex = Buffer.from(secret).toString("hex");
      const bytes = hex.match(/../g)?.join(" ") ?? hex;
      return [secret, base64, hex, bytes, encodeURIComponent(secret)].some((form) => text.includes(form));
    })
    .map(([name]) => name);
}
