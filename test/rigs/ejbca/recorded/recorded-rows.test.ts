import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callEjbca, type TestAnswer } from "../call-ejbca.ts";
import { type Ejbca, startEjbca } from "../start-ejbca.ts";
import { type RecordedExchange, readTranscripts, transcriptsMissing } from "../transcripts.ts";
import { errorKeys, type RecordedRow, type RowAnswer, type RowCall } from "./recorded-row.ts";
import { recordedRows } from "./recorded-rows.ts";

let ejbca: Ejbca;

beforeEach(async () => {
  ejbca = await startEjbca();
});
afterEach(async () => {
  expect(ejbca.defects).toEqual([]);
  await ejbca.stop();
});

const restBase = "/ejbca/ejbca-rest-api";

function ask(call: RowCall): Promise<TestAnswer> {
  const { as = "superadmin", from = "rest", path, method, headers, contentType, body } = call;
  const bases = {
    rest: ejbca.url,
    host: new URL(ejbca.url).origin,
    plain: ejbca.plainUrl,
    proxy: ejbca.proxyUrl,
  };
  const client = as === null ? undefined : ejbca.clients[as];
  return callEjbca(ejbca, { path: bases[from] + path, client, method, headers, contentType, body });
}

/** Numbers that no two servers share. */
function vary(text: string): string {
  return text
    .replace(/serialNumber \d{40,}/, "serialNumber …")
    .replace(/approvalID -?\d+/, "approvalID …")
    .replace(/(?<=\/(?:0x)?)[0-9A-Fa-f]{38,40}(?=\/)/, "…");
}

interface Said {
  readonly status: number;
  readonly contentType: string | null;
  readonly keys: readonly string[];
  readonly message: string | undefined;
}

function expected({ status, contentType = "application/json", message, keys }: RowAnswer): Said {
  const isJson = contentType === "application/json";
  return {
    status,
    contentType,
    keys: isJson ? (keys ?? errorKeys) : [],
    message: message === undefined ? undefined : vary(message),
  };
}

/** What an answer says, in so far as the row speaks of it. */
function said(
  row: RecordedRow,
  answer: { status: number; contentType: string | null; text: string; json: unknown },
): Said {
  const { status, contentType, text } = answer;
  const json = answer.json as Readonly<Record<string, unknown>>;
  const keys = Object.keys(json);
  const { link, info_message, error_message } = json;
  const message = keys.length === 0 ? text : (link ?? info_message ?? error_message);
  return {
    status,
    contentType,
    keys,
    message: row.answer.message === undefined ? undefined : vary(`${message}`),
  };
}

const recorded = new Map(
  (transcriptsMissing === undefined ? readTranscripts() : []).map((exchange) => [exchange.id, exchange]),
);

describe(`the EJBCA simulator, held to the recorded facts (these to the recordings: ${transcriptsMissing ?? "yes"})`, () => {
  test("there are at least sixty, none twice", () => {
    expect(new Set(recordedRows.map(({ id }) => id)).size).toBe(recordedRows.length);
    expect(recordedRows.length).toBeGreaterThanOrEqual(60);
  });

  test.each(recordedRows.map((row) => [row.id, row] as const))("%s", async (id, row) => {
    const call = typeof row.call === "function" ? await row.call(ejbca) : row.call;
    const answer = await ask(call);
    expect(said(row, { ...answer, contentType: answer.contentType ?? null })).toEqual(expected(row.answer));
    if (transcriptsMissing !== undefined) return;
    const exchange = recorded.get(id);
    expect(asked(call)).toEqual(exchange && recordedCall(exchange));
    const { status = 0, headers = [], body_json: json = {}, body_text: text = "" } = exchange?.response ?? {};
    const contentType = headers.find(([name]) => name === "Content-Type")?.[1] ?? null;
    expect(expected(row.answer)).toEqual(said(row, { status, contentType, text, json }));
  });
});

/** A call, as far as it must be the recorded one: not its CSR, its token and its serial numbers. */
function asked({ as = "superadmin", from = "rest", path, method, body, contentType }: RowCall) {
  const isAbsolute = from === "host" || from === "plain";
  return {
    client: as ?? "none",
    method: method ?? (body === undefined ? "GET" : "POST"),
    path: vary(isAbsolute ? path : restBase + path),
    contentType: contentType === undefined ? (body === undefined ? null : "application/json") : contentType,
    body: withoutCsr(body),
  };
}

function recordedCall({ request, client_certificate: client }: RecordedExchange) {
  return {
    client: client?.startsWith("n/a") === true ? "none" : client,
    method: request.method,
    path: vary(request.path),
    contentType: request.headers?.find(([name]) => name === "Content-Type")?.[1] ?? null,
    body: withoutCsr(request.body_json ?? request.body_text),
  };
}

function withoutCsr(body: unknown): unknown {
  const parsed = typeof body === "string" ? parse(body) : body;
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return parsed;
  const { certificate_request: _, ...rest } = JSON.parse(JSON.stringify(parsed)) as Record<string, unknown>;
  return rest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
