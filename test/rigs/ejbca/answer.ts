/** What the simulator says to one call. */
export interface Answer {
  readonly status: number;
  /** Exactly as recorded, with its charset or without. */
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: string;
}

/** A JSON answer, one line, as RESTEasy writes it. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}

/** An error in the shape of EJBCA's ExceptionHandler. */
export function errorAnswer(status: number, message: string): Answer {
  return jsonAnswer(status, { error_code: status, error_message: message });
}

/** An HTML page: a servlet's (with charset) or the container's own (without). */
export function htmlAnswer(status: number, body: string, contentType = "text/html;charset=UTF-8"): Answer {
  return { status, contentType, body };
}

/** Why a certificate was not made; resources other than pkcs10enroll turn each kind into a status of its own. */
export type RefusalKind = "malformed" | "conflict" | "token" | "inactive" | "key" | "password";

/** An answer of EJBCA's other than success, thrown where the simulator finds the reason. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly kind: RefusalKind | undefined;

  constructor(status: number, message: string, kind?: RefusalKind) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}
