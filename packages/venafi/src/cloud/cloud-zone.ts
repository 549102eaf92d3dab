import { type Clock, IssuerError, RetryableError } from "@countersign/issuer-signer";
import { textField, type VenafiAnswer } from "../answer.ts";
import { Cached } from "../cached.ts";
import { said } from "../server-error.ts";
import { inQuotes, itSaid } from "../words.ts";
import { cloudWords, isNotFound, isUnknownApiKey } from "./cloud-error.ts";
import type { CloudSession } from "./cloud-session.ts";
import { type IssuingTemplate, readTemplate } from "./template.ts";

/** An application and one of its issuing templates. */
export interface CloudZoneParts {
  readonly applicationId: string;
  readonly template: IssuingTemplate;
}

/** What {@link CloudZone} needs. */
export interface CloudZoneOptions {
  readonly session: CloudSession;
  /** `Application\Alias`. */
  readonly zone: string;
  readonly clock: Pick<Clock, "monotonic">;
}

/** A changed template is known after so long, or after the next check of the issuer; in milliseconds. */
const templateTtlMs = 5 * 60_000;
const readTimeoutMs = 30_000;

/** The application and the template alias that a zone names, parted by its one backslash. Throws an IssuerError otherwise. */
export function zoneNames(zone: string): readonly [application: string, alias: string] {
  const [application = "", alias = "", ...rest] = zone.split("\\");
  if (application.trim() === "" || alias.trim() === "" || rest.length > 0)
    throw new IssuerError(
      "zone must be Application\\Alias with one backslash; in double quotes YAML wants it twice. Correct it in the issuer's spec.",
    );
  return [application, alias];
}

/** The zone of an issuer, and what its template says. */
export class CloudZone {
  readonly name: string;
  readonly #session: CloudSession;
  readonly #names: readonly [application: string, alias: string];
  readonly #parts: Cached<CloudZoneParts>;

  constructor({ session, zone, clock }: CloudZoneOptions) {
    this.name = zone;
    this.#session = session;
    this.#names = zoneNames(zone);
    const read = (signal: AbortSignal) => this.#read(signal);
    this.#parts = new Cached({ read, ttlMs: templateTtlMs, timeoutMs: readTimeoutMs, clock });
  }

  /** What it is, perhaps as of a few minutes ago. Throws an IssuerError for a zone that issuers cannot use. */
  parts(signal: AbortSignal): Promise<CloudZoneParts> {
    return this.#parts.get(signal);
  }

  /** What it is now. */
  refresh(signal: AbortSignal): Promise<CloudZoneParts> {
    return this.#parts.refresh(signal);
  }

  /** The SaaS has refused what this template allows, or does not know it: it has changed. */
  forget(): void {
    this.#parts.forget();
  }

  async #read(signal: AbortSignal): Promise<CloudZoneParts> {
    const [application, alias] = this.#names;
    const name = encodeURIComponent(application);
    const app = await this.#get(`applications/name/${name}`, `application ${inQuotes(application)}`, signal);
    const path = `applications/${name}/certificateissuingtemplates/${encodeURIComponent(alias)}`;
    const what = `issuing template ${inQuotes(alias)} of application ${inQuotes(application)}`;
    const answer = await this.#get(path, what, signal);
    const applicationId = textField(app.json, "id");
    const template = readTemplate(answer);
    if (applicationId === undefined || template === undefined)
      throw new RetryableError(
        `${said("Venafi's SaaS", answer)} with no application or template. Check cloud.url.`,
        { issuedNothing: true },
      );
    if (!template.csrUploadAllowed)
      throw new IssuerError(
        `The ${what} does not take CSRs, and the key would not be cert-manager's. Allow user-provided CSRs in it.`,
      );
    return { applicationId, template };
  }

  async #get(path: string, what: string, signal: AbortSignal): Promise<VenafiAnswer> {
    const answer = await this.#session.call({
      method: "GET",
      path: `outagedetection/v1/${path}`,
      what: "a look at the zone",
      // Which status an alias has that the application lacks (20216) no source tells.
      accepts: (refusal) =>
        isNotFound(refusal) || ([400, 412].includes(refusal.status) && !isUnknownApiKey(refusal)),
      signal,
    });
    if (answer.status < 300) return answer;
    throw new IssuerError(
      `${said("Venafi's SaaS", answer)}: ${what} is not found.${itSaid(cloudWords(answer))} Correct zone, or let the user or service account see it.`,
    );
  }
}
