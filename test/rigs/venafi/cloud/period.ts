import { cloudError, ownCodes } from "./error.ts";
import type { CloudTemplate } from "./template.ts";

const day = 86_400_000;

/**
 * When a certificate ends that is asked for with a period of ISO 8601 (`P90D`, `P1DT2H0M0S`, `PT2160H`), or with none. Never
 * after the template's longest; days and longer units only where the template is of another company's CA.
 */
export function periodEnd(period: string | undefined, template: CloudTemplate, now: Date): Date {
  const { validityDays = 90, thirdPartyCa = false } = template;
  const latest = new Date(now.getTime() + validityDays * day);
  if (period === undefined || period === "") return latest;
  const match = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(period);
  if (match === null || period === "P" || period.endsWith("T"))
    throw cloudError(400, ownCodes.badRequest, `Validity period ${period} is malformed`, [period]);
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const inDays = (years * 365 + months * 30 + days) * day;
  const inTime = ((hours * 60 + minutes) * 60 + seconds) * 1000;
  const length = thirdPartyCa ? inDays : inDays + inTime;
  const end = new Date(now.getTime() + length);
  return length > 0 && end < latest ? end : latest;
}
