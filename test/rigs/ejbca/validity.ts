import type { JsonObject } from "./json-body.ts";

/** From this revision on `start_time` and `end_time` are read; before, they are ignored without a word. */
const readsEndTime = [9, 3, 3];

/** The validity that a pkcs10enroll asks for and this revision honours. A time in another form is ignored, as documented. */
export function requestedValidity(
  revision: string,
  body: JsonObject,
): { readonly from?: Date | undefined; readonly until?: Date | undefined } {
  if (!isAtLeast(revision, readsEndTime)) return {};
  return { from: readTime(body.value("start_time")), until: readTime(body.value("end_time")) };
}

function isAtLeast(revision: string, least: readonly number[]): boolean {
  const digits = /(\d+(?:\.\d+)*)/.exec(revision)?.[1] ?? "0";
  const version = digits.split(".").map(Number);
  for (const [at, wanted] of least.entries()) {
    const have = version[at] ?? 0;
    if (have !== wanted) return have > wanted;
  }
  return true;
}

/** `yyyy-MM-dd HH:mm:ss`, in UTC. */
function readTime(value: unknown): Date | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value)) return undefined;
  const time = new Date(`${value.replace(" ", "T")}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
