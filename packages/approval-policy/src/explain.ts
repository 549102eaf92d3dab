import { type Decision, type PolicyVerdict, peopleText } from "./evaluate.ts";

/** The whole decision for people: what, and of each policy why, a line for each reason. */
export function explain({ decision, message, policies }: Decision): string {
  const head =
    decision === "denied" && policies.some(({ verdict }) => verdict === "denies")
      ? "No policy approved this request"
      : message;
  return [`${decision}: ${head}`, ...policies.flatMap(policyLines), ""].join("\n");
}

function policyLines({ policy, verdict, notSelected, dryRun, violations, people }: PolicyVerdict): string[] {
  return [
    `  ${policy}: ${verdict}${dryRun ? " (dry run: does not count)" : ""}`,
    ...[
      ...(notSelected === undefined ? [] : [notSelected]),
      ...violations.map(({ message }) => message),
      ...people.map(peopleText),
    ].map((line) => `    ${line}`),
  ];
}
