import { X509Certificate } from "node:crypto";
import { callEjbca, type TestAnswer, type TestCall } from "./call-ejbca.ts";
import type { ClientName } from "./clients.ts";
import type { TokenClaims } from "./oauth-tokens.ts";
import { replaySetUp } from "./replay-set-up.ts";
import type { Ejbca } from "./start-ejbca.ts";
import type { RecordedExchange } from "./transcripts.ts";

/** What was recorded and what the simulator said, in a form that must be equal. */
export interface Compared {
  readonly recorded: unknown;
  readonly simulated: unknown;
}

const day = 24 * 3_600_000;
/** For exchanges that got no answer: long enough that the request has arrived, since a frozen server carries it out later. */
const patienceMs = 1_000;
/** Stands for serial numbers that only one of the two servers gave, such as those of CAs. */
const unknown = "…";

/**
 * Asks the simulator what was asked of the real server, one exchange after the other: with the same CSR, names, headers and
 * body. Serial numbers in paths are those that the simulator gave in place of the recorded ones.
 */
export class Replay {
  readonly #ejbca: Ejbca;
  /** Recorded serial numbers, upper case, and the simulator's own. */
  readonly #serials = new Map<string, string>();
  readonly #own = new Set<string>();

  constructor(ejbca: Ejbca) {
    this.#ejbca = ejbca;
  }

  async exchange(exchange: RecordedExchange): Promise<Compared> {
    await replaySetUp[exchange.id]?.(this.#ejbca);
    const call = this.#call(exchange);
    const { response } = exchange;
    if (response?.status === undefined) {
      const broken = await callEjbca(this.#ejbca, call).then(
        ({ status }) => `an answer, ${status}`,
        () => "no answer",
      );
      return { recorded: "no answer", simulated: broken };
    }
    const answer = await callEjbca(this.#ejbca, call);
    const recordedBody = response.body_json ?? response.body_text ?? "";
    const simulatedBody = Object.keys(answer.json).length > 0 ? answer.json : answer.text;
    this.#learn(recordedBody, answer);
    if (looseBodies.has(exchange.id))
      return {
        recorded: { status: response.status, body: shape(recordedBody) },
        simulated: { status: answer.status, body: shape(simulatedBody) },
      };
    return {
      recorded: {
        status: response.status,
        contentType: header(response.headers, "content-type"),
        location: header(response.headers, "location")?.replace(/:\d+/, ""),
        body: comparable(recordedBody, (serial) => this.#serials.get(serial.toUpperCase()) ?? unknown),
      },
      simulated: {
        status: answer.status,
        contentType: answer.contentType,
        location: header(Object.entries(answer.headers), "location")?.replace(/:\d+/, ""),
        body: comparable(simulatedBody, (serial) => (this.#own.has(serial.toUpperCase()) ? serial : unknown)),
      },
    };
  }

  #learn(recorded: unknown, { json }: TestAnswer): void {
    const { serial_number: from, certificate } = recorded as Record<string, unknown>;
    if (typeof from !== "string" || certificate === undefined) return;
    this.#serials.set(from, `${json.serial_number}`);
    this.#own.add(`${json.serial_number}`);
  }

  #call({ id, request, response, client_certificate: name, note }: RecordedExchange): TestCall {
    const ejbca = this.#ejbca;
    const path = request.path.replace(/(?<=\/(?:0x|0+)?)[0-9A-Fa-f]{38,40}(?=\/)/, (serial) => {
      const own = this.#serials.get(serial.toUpperCase()) ?? serial;
      return serial === serial.toLowerCase() ? own.toLowerCase() : own;
    });
    const headers: Record<string, string> = {};
    for (const [key, value] of request.headers ?? [])
      if (!/^(?:content-length|content-type|connection)$/i.test(key)) headers[key.toLowerCase()] = value;
    if (headers.authorization?.includes("redacted") === true)
      headers.authorization = `${headers.authorization.split(" ")[0]} ${this.#token(note, id === "14:oa-sig")}`;
    // File 16 does not name the client of the exchange that it cut.
    const client = ejbca.clients[(name ?? "superadmin") as ClientName] as TestCall["client"];
    return {
      method: request.method,
      path: `${this.#base(request.scheme, request.port)}${later(path)}`,
      client,
      headers,
      contentType: header(request.headers ?? [["Content-Type", "application/json"]], "content-type") ?? null,
      body:
        request.body_json === undefined
          ? padded(request.body_text)
          : later(JSON.stringify(request.body_json)),
      timeoutMs: response?.status === undefined ? patienceMs : undefined,
    };
  }

  #base(scheme = "https", port = 28443): string {
    const { url, needUrl, proxyUrl, plainUrl } = this.#ejbca;
    if (scheme === "http") return plainUrl;
    return new URL(port === 28444 ? needUrl : port === 28445 ? proxyUrl : url).origin;
  }

  /** A token with the recorded claims, their times moved to now. */
  #token(note: string | undefined, foreignKey: boolean): string {
    const [, text = `{"sub":"cert-manager","aud":"ejbca-lab"}`, kid = "lab-key-1"] =
      /claims: (\{.*\}) kid: (\S+)/.exec(note ?? "") ?? [];
    const claims = JSON.parse(text) as TokenClaims;
    const shift = Math.floor(Date.now() / 1000) - (claims.iat ?? 0);
    const moved = (time: number | undefined) => (time === undefined ? undefined : time + shift);
    const times = { iat: moved(claims.iat), nbf: moved(claims.nbf), exp: moved(claims.exp) };
    return this.#ejbca.oauth.mint({ ...claims, ...times }, { kid: kid === "None" ? null : kid, foreignKey });
  }
}

/** Which of many certificates that end in the same second come first: compared by their keys alone. */
const looseBodies = new Set(["09:exp?days=95_offset=2_maxNumberOfResults=2"]);

function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.entries(value).map(([key, item]) => [key, shape(item)]);
}

/** Days that were named in requests, moved so that they are before and after today as they were then. */
function later(text: string): string {
  const moved = (days: number) => new Date(Date.now() + days * day).toISOString().slice(0, 10);
  return text
    .replace(/2026-11-2[34](?=T\d\d:)/g, moved(-1))
    .replace(/2027-11-24(?=T)|2030-01-01(?=T)/g, moved(365));
}

/** Bodies of megabytes were recorded by their beginning and their length. */
function padded(text: string | undefined): string | undefined {
  const [, beginning, length] = /^(.*)\.\.\.\[(\d+) chars in total\]$/s.exec(text ?? "") ?? [];
  if (beginning === undefined) return text === "" ? undefined : text;
  const rest = `","certificate_profile_name":"LabTLS","end_entity_profile_name":"LabEEP","certificate_authority_name":"LabIssuingCA","username":"big"}`;
  return beginning.padEnd(Number(length) - rest.length, "A") + rest;
}

function header(headers: readonly (readonly [string, unknown])[], name: string): string | undefined {
  const found = headers.find(([key]) => key.toLowerCase() === name)?.[1];
  return found === undefined ? undefined : String(found);
}

/** Values that differ from server to server, by their key. */
const own = new Set(
  [
    "certificate_chain",
    "crl",
    "expiration_date",
    "revocation_date",
    "count",
    "next_offset",
    "number_of_results",
  ].concat([
    "fingerprint",
    "cAFingerprint",
    "expireDate",
    "notBefore",
    "subjectKeyId",
    "udpateTime",
    "certificateRequest",
  ]),
);

/**
 * A body without what no two servers have in common. Certificates are compared by subject, alternative names, usages and
 * length of life; lists of certificates in the order of their serial numbers; other values as they are.
 */
function comparable(value: unknown, serial: (recorded: string) => string, key = ""): unknown {
  if (Array.isArray(value)) {
    if (key === "certificate_chain") return value.map(() => "a CA certificate");
    const items = value.map((item) => comparable(item, serial));
    return key === "certificates"
      ? items.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
      : items;
  }
  if (typeof value === "object" && value !== null)
    return Object.entries(value).map(([name, item]) => [name, comparable(item, serial, name)]);
  if (own.has(key)) return typeof value;
  if (typeof value !== "string") return value;
  if (key === "certificate" || key === "base64Cert") return comparableCertificate(value);
  if (/^serial_?number$/i.test(key)) return comparableSerial(value, serial);
  return comparableText(value, serial);
}

function comparableSerial(text: string, serial: (recorded: string) => string): string {
  const [, prefix = "", digits = ""] = /^(0x|0*)(.*)$/i.exec(text) ?? [];
  return prefix + serial(digits).toUpperCase();
}

function comparableText(text: string, serial: (recorded: string) => string): string {
  return text
    .replace(/\b[0-9a-fA-F]{38,40}\b/g, (found) => serial(found).toLowerCase())
    .replace(/serialNumber \d{40,}/g, "serialNumber …")
    .replace(/approvalID -?\d+/g, "approvalID …")
    .replace(/'20\d\d-\d\d-\d\dT/g, "'…T")
    .replace(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g, "a certificate")
    .replace(/^<html><head><title>ERROR.*$/s, "a stack trace")
    .replace(/^<!DOCTYPE html>.*$/s, "a page");
}

function comparableCertificate(text: string): unknown {
  const once = Buffer.from(text, "base64");
  const isText = once[0] !== 0x30;
  const certificate = new X509Certificate(
    isText && !once.includes("-----") ? Buffer.from(once.toString("latin1"), "base64") : once,
  );
  const life = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
  return {
    form: isText ? once.toString("latin1").replace(/[A-Za-z0-9+/=\n]{60,}/g, "…") : "DER",
    subject: certificate.subject,
    names: certificate.subjectAltName,
    usages: certificate.keyUsage,
    isCA: certificate.ca,
    days: certificate.ca ? undefined : Math.round(life / day),
  };
}
