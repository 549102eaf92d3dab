import { IssuerError, type SignerError } from "@countersign/issuer-signer";
import { discreet, objectList, textField, type VenafiAnswer } from "../answer.ts";
import { said, serverError, unknownAnswer } from "../server-error.ts";
import { itSaid } from "../words.ts";

/** Codes in `errors` that mean something whatever was asked. */
const codes = Object.freeze({ unknownApiKey: 10501, notFound: 10051 });

/** The codes in `errors`. */
export function cloudCodes({ json }: VenafiAnswer): readonly number[] {
  return objectList(json, "errors").flatMap(({ code }) => (typeof code === "number" ? [code] : []));
}

/** What the SaaS says is wrong: its messages one after the other, or the words of the gateway or of OAuth. */
export function cloudWords(answer: VenafiAnswer): string | undefined {
  const { json } = answer;
  const messages = objectList(json, "errors").flatMap((error) => textField(error, "message") ?? []);
  const words =
    messages.length > 0
      ? messages.join("; ")
      : (textField(json, "error_description") ?? textField(json, "message") ?? textField(json, "error"));
  return words === undefined ? undefined : discreet(answer, words);
}

/** Whether the answer says that something is not there. */
export function isNotFound(answer: VenafiAnswer): boolean {
  return answer.status === 404 || cloudCodes(answer).includes(codes.notFound);
}

/** Whether the API key is not known, which is a 412 as other refusals are. */
export function isUnknownApiKey(answer: VenafiAnswer): boolean {
  return cloudCodes(answer).includes(codes.unknownApiKey);
}

/** What {@link cloudError} needs to know of the call. */
export interface CloudCallKind {
  /** For messages, such as `a look at the order`. */
  readonly what: string;
  readonly mayIssue?: boolean | undefined;
  /** What to do when the credential is not accepted. */
  readonly advice: string;
}

/** What an answer without success means that the call itself has no reading for. */
export function cloudError(
  answer: VenafiAnswer,
  { what, mayIssue = false, advice }: CloudCallKind,
): SignerError {
  const call = { product: "Venafi's SaaS", mayIssue, urlField: "cloud.url" } as const;
  const words = cloudWords(answer);
  const common = serverError(answer, call, words);
  if (common !== undefined) return common;
  const { status } = answer;
  const begin = said(call.product, answer);
  if (status === 401 || isUnknownApiKey(answer))
    return new IssuerError(`${begin}: the credential is not accepted.${itSaid(words)} ${advice}`);
  if (status === 403)
    return new IssuerError(
      `${begin} to ${what}: it is not allowed.${itSaid(words)} Give the user or the service account the right to issue certificates for the application.`,
    );
  if (status === 404)
    return new IssuerError(
      `${begin} to ${what}: it is not there.${itSaid(words)} Check the zone, cloud.url and cloud.region.`,
    );
  return unknownAnswer(answer, call, what, words);
}
