import type { ClientName } from "../clients.ts";
import type { Ejbca } from "../start-ejbca.ts";

/** What is asked. */
export interface RowCall {
  /** `superadmin` unless given; null: no client certificate. */
  readonly as?: ClientName | null | undefined;
  /** GET without a body, POST with one, unless given. */
  readonly method?: string | undefined;
  /** Below `/ejbca/ejbca-rest-api`; beginning with `/ejbca` or the like where `from` is `host`. */
  readonly path: string;
  /** The listener: `rest` unless given; `host`: paths are absolute; `plain`: absolute as well, without TLS. */
  readonly from?: "rest" | "host" | "plain" | "proxy" | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | null | undefined;
  readonly body?: unknown;
}

/** What was said. */
export interface RowAnswer {
  readonly status: number;
  /** `application/json` unless given; null: none. */
  readonly contentType?: string | null | undefined;
  /** `error_message` of the JSON, or another answer's text. */
  readonly message?: string | undefined;
  /** Keys of the JSON, in order; those of `error_message` unless given. */
  readonly keys?: readonly string[] | undefined;
}

/** One exchange with the real server: its id in the recordings, how to bring it about, what it gave. */
export interface RecordedRow {
  readonly id: string;
  /** The call; as a function it first brings the server into the recorded state. */
  readonly call: RowCall | ((ejbca: Ejbca) => RowCall | Promise<RowCall>);
  readonly answer: RowAnswer;
}

/** Keys of a 201 with its chain. */
export const issuedKeys = ["certificate", "serial_number", "response_format", "certificate_chain"];

/** Keys of a 201 without. */
export const leafKeys = issuedKeys.slice(0, 3);

/** Keys of an error. */
export const errorKeys = ["error_code", "error_message"];

/** Path of enrolment with a CSR. */
export const enrolPath = "/v1/certificate/pkcs10enroll";

/** The page of a protocol that is off. */
export const disabledPage =
  "<html><head><title>Error</title></head><body>This service has been disabled.</body></html>";

/** An error of the JSON shape. */
export function failure(status: number, message: string): RowAnswer {
  return { status, message };
}

/** A path segment of a CA's name. */
export function inPath(dn: string): string {
  return encodeURIComponent(dn);
}

/** The CA that most was recorded with. */
export const issuingDn = "CN=LabIssuingCA,O=EJBCA Lab,C=SE";
