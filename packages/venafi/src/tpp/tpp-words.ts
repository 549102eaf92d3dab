import { STATUS_CODES } from "node:http";
import { textField, type VenafiAnswer } from "../answer.ts";

/**
 * What TPP says is wrong: WebSDK puts it into `Error`, VEDauth into `error_description`; where IIS answers, or the body is
 * empty, only the status line has it.
 */
export function tppWords({ json, status, statusText }: VenafiAnswer): string | undefined {
  const said = textField(json, "Error") ?? textField(json, "error_description") ?? textField(json, "error");
  if (said !== undefined) return said;
  const reason = statusText.trim();
  return reason === "" || reason.toLowerCase() === (STATUS_CODES[status] ?? "").toLowerCase()
    ? undefined
    : reason;
}

/** Whether what TPP says matches, in the body or in the status line. */
export function tppSays(answer: VenafiAnswer, pattern: RegExp): boolean {
  return pattern.test(tppWords(answer) ?? "") || pattern.test(answer.statusText);
}
