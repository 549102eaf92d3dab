/** A field of a validation error's path as schemas name them; a key of the answer itself could say anything. */
const fieldName = /^[A-Za-z_]{1,32}$/;

/** Zod's own words. */
const issueCode = /^(custom|not_multiple_of|too_(big|small)|unrecognized_keys|invalid_[a-z_]{1,20})$/;

/** The parts of zod's issues that hold nothing of the value. */
interface Issue {
  readonly code?: unknown;
  readonly path?: unknown;
}

function issuesOf(error: unknown): readonly Issue[] {
  const issues = error instanceof Error && "issues" in error ? error.issues : undefined;
  return Array.isArray(issues) ? issues.filter((issue) => typeof issue === "object" && issue !== null) : [];
}

function pathOf({ path }: Issue): string {
  if (!Array.isArray(path) || path.length === 0) return "the answer";
  return path
    .slice(0, 8)
    .map((key) => (typeof key === "number" ? `[${key}]` : fieldName.test(String(key)) ? String(key) : "?"))
    .join(".");
}

/**
 * What may be kept for logs of a parser's error: where the shape is wrong, for errors with issues such as zod's. Messages
 * are dropped, since a parser may quote what it parses.
 */
export function shapeProblem(error: unknown): Error {
  const places = issuesOf(error)
    .slice(0, 3)
    .map((issue) => {
      const code = typeof issue.code === "string" && issueCode.test(issue.code) ? issue.code : "wrong";
      return `${pathOf(issue)}: ${code}`;
    });
  if (places.length > 0) return new Error(places.join("; "));
  const name = error instanceof Error && fieldName.test(error.name) ? error.name : "a value";
  return new Error(`the parser threw ${name}`);
}
