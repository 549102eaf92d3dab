import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A recorded request. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly port?: number | undefined;
  readonly scheme?: "http" | "https" | undefined;
  readonly headers?: readonly (readonly [string, string])[] | undefined;
  readonly body_json?: Readonly<Record<string, unknown>> | undefined;
  readonly body_text?: string | undefined;
}

/** A recorded answer; without a status the connection broke. */
export interface RecordedResponse {
  readonly status?: number | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body_json?: unknown;
  readonly body_text?: string | undefined;
}

/** One exchange with the real server. */
export interface RecordedExchange {
  /** Number of the file and id in it, such as `05:err-ca-unknown`. */
  readonly id: string;
  readonly note?: string | undefined;
  readonly client_certificate?: string | null | undefined;
  readonly request: RecordedRequest;
  readonly response?: RecordedResponse | undefined;
}

/** The folder with the recordings, beside the checkout; they are no part of the repository. */
export const transcriptFolder = join(import.meta.dirname, "../../../../shared/ejbca-transcripts");

/** Why there is nothing to replay; undefined where there is. */
export const transcriptsMissing: string | undefined = existsSync(
  join(transcriptFolder, "00-protocols-disabled.json"),
)
  ? undefined
  : "no recordings beside the checkout (../shared/ejbca-transcripts)";

/** Files in the order in which they were recorded, since each changed the server for those that follow. */
const files = [
  "00-protocols-disabled",
  "00b-v1-enabled-only",
  "03-enroll-success",
  "01-status-and-paths",
  "05-enroll-errors",
  "02-ca-and-profile",
  "04b-password-matrix",
  "04-reenroll",
  "05b-weak-keys",
  "05c-body-size",
  "06-auth",
  "07-certificaterequest",
  "08-search",
  "06b-tls-rejections",
  "07b-certificaterequest-unknown-ca",
  "09-revoke-status-expire",
  "10-approvals",
  "13-rbac-ladder",
  "10b-approvals-finalize",
  "13b-rbac-ladder-2",
  "14-oauth",
  "16-lost-response",
  "11-ca-offline",
  "12-protocol-toggle",
  "17-subject-and-names",
  "09b-serial-spelling",
  "18-ca-renewal",
  "13c-rbac-minimum",
  "22-ca-policies",
  "23-database-outage",
  "24-csr-encodings",
];

/** Every exchange that has a request, in the order of recording. Files 15, 15b, 19, 20 and 21 hold measurements instead. */
export function readTranscripts(): RecordedExchange[] {
  return files.flatMap((file) => {
    const { exchanges } = JSON.parse(readFileSync(join(transcriptFolder, `${file}.json`), "utf8")) as {
      readonly exchanges: readonly RecordedExchange[];
    };
    return exchanges.map((exchange) => ({ ...exchange, id: `${file.split("-")[0]}:${exchange.id}` }));
  });
}

/** What one probe saw while the server was suspended, restarted or without its application. */
export interface RecordedProbe {
  readonly id: string;
  readonly answer: number | string;
  readonly content_type?: string | undefined;
  readonly body_start?: string | undefined;
}

/** The probes of files 20 and 21. */
export function readProbes(): RecordedProbe[] {
  return ["20-suspend-restart", "21-undeploy"].flatMap((file) => {
    const text = readFileSync(join(transcriptFolder, `${file}.json`), "utf8");
    return (JSON.parse(text) as { readonly exchanges: readonly RecordedProbe[] }).exchanges;
  });
}
