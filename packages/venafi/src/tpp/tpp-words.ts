import { STATUS_CODES } from "node:http";
import { discreet, textField, type VenafiAnswer } from "../answer.ts";

/**
 * What TPP says is wrong: WebSDK puts it into `Error`, VEDauth into `error_description`; where IIS answers, or the body is
 * empty, only the status line has it.
 */
export function tppWords(answer: VenafiAnswer): string | undefined {
  const { json, status, statusText } = answer;
  const said = textField(json, "Error") ?? textField(json, "error_description") ?? textField(json, "error");
  if (said !== undefined) return discreet(answer, said);
  const reason = statusText.trim();
  const isStandard = reason.toLowerCase() === (STATUS_CODES[status] ?? "").toLowerCase();
  return reason === "" || isStandard ? undefined : discreet(answer, reason);
}

/** Whether what TPP says matches, in the body or in the status line. */
export function tppSays(answer: VenafiAnswer, pattern: RegExp): boolean {
  return pattern.test(tppWords(answer) ?? "") || pattern.test(answer.statusText);
}
