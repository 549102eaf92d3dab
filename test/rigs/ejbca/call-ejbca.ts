import { request as plainRequest } from "node:http";
import { Agent, request } from "node:https";
import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import type { Credential } from "./clients.ts";
import type { Ejbca } from "./start-ejbca.ts";

/** One call of a test. */
export interface TestCall {
  readonly method?: string | undefined;
  /** Below the REST base; a whole URL is taken as it is. */
  readonly path: string;
  /** Without: no client certificate. */
  readonly client?: Pick<Credential, "cert" | "key"> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of the body; `application/json` unless given, none for null. */
  readonly contentType?: string | null | undefined;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  /** How long to wait for an answer; without end unless given. */
  readonly timeoutMs?: number | undefined;
}

/** What came back. */
export interface TestAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed JSON; an empty object where the answer was none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Asks the simulator; rejects where the connection breaks. */
export async function callEjbca(ejbca: Ejbca, call: TestCall): Promise<TestAnswer> {
  const { path, client, body } = call;
  const url = new URL(path.startsWith("http") ? path : ejbca.url + path);
  const agent = new Agent({ ca: ejbca.tlsCaPem, ...(client && { cert: client.cert, key: client.key }) });
  const ask = url.protocol === "http:" ? plainRequest : request;
  const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const method = call.method ?? (body === undefined ? "GET" : "POST");
  const { contentType = payload === undefined ? null : "application/json" } = call;
  const type = contentType === null ? {} : { "content-type": contentType };
  try {
    return await new Promise((resolve, reject) => {
      const headers = { accept: "application/json", ...type, ...call.headers };
      const timed = call.timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(call.timeoutMs) };
      const sent = ask(
        url,
        { method, headers, ...(url.protocol === "http:" ? {} : { agent }), ...timed },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("error", reject);
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            resolve({
              status: response.statusCode ?? 0,
              contentType: response.headers["content-type"],
              headers: response.headers,
              text,
              json: parsed(text),
            });
          });
        },
      );
      sent.on("error", reject);
      sent.end(payload);
    });
  } finally {
    agent.destroy();
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The body of a pkcs10enroll that the role of the client `issuer` allows, with a new key. */
export async function enrolment(
  username: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const host = `${username}.lab.example`;
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  return {
    certificate_request: await buildCsr({ key, commonName: host, dnsNames: [host] }),
    certificate_profile_name: "LabTLS",
    end_entity_profile_name: "LabEEP-OneCA",
    certificate_authority_name: "LabIssuingCA",
    username,
    include_chain: true,
    ...more,
  };
}

/** The body of a search for a username. */
export function searchFor(value: string): Record<string, unknown> {
  return { max_number_of_results: 10, criteria: [{ property: "QUERY", value, operation: "EQUAL" }] };
}
