import type { PeerCertificate } from "node:tls";
import type { z } from "zod";

/** A call as it reached a simulator, its body whole. */
export interface SimulatorCall {
  readonly method: string;
  /** With the case and the percent-encoding it came in. */
  readonly path: string;
  /** What stands between its slashes, decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Of the names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The client's certificate where it showed one that is trusted. */
  readonly clientCertificate: PeerCertificate | undefined;
}

/** What a simulator answers. */
export interface SimulatorAnswer {
  readonly status: number;
  /** The reason in the status line; the standard one unless given. */
  readonly reason?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly json?: unknown;
  /** Instead of `json`. */
  readonly text?: string | undefined;
}

/** Thrown by a handler to end a call with an answer that is no success. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly answer: SimulatorAnswer;

  constructor(answer: SimulatorAnswer) {
    super(`${answer.status} ${answer.reason ?? ""}`);
    this.answer = answer;
  }
}

/** Reads a JSON body by a schema. Throws what `refuse` makes of the problem, which is one line. */
export function readBody<Schema extends z.ZodType>(
  schema: Schema,
  { body }: SimulatorCall,
  refuse: (problem: string) => Refused,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw refuse("the body is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`${issue?.path.join(".") ?? "body"}: ${issue?.message ?? "not as documented"}`);
}

/** The bearer token of a call. */
export function bearerOf({ headers }: SimulatorCall): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}
