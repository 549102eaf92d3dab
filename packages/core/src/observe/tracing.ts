import { signerErrorCode } from "@countersign/issuer-signer";

/** Does the work within a span of that name; the span is the active one meanwhile. */
export type Trace = <T>(
  name: string,
  attributes: Readonly<Record<string, string>>,
  work: () => Promise<T>,
) => Promise<T>;

/** Does the work and nothing else. */
export const noTrace: Trace = (_, __, work) => work();

/** Where the OpenTelemetry API keeps what the host application has registered, for every copy of it in the process. */
const registered = Symbol.for("opentelemetry.js.api.1");

/**
 * Spans of the application's OpenTelemetry, if it has registered one by now; else {@link noTrace}, and nothing is loaded.
 * A span tells an error by its code alone, since exporters send what they are given to other people's machines; the text
 * is in the log.
 */
export async function openTelemetryTrace(): Promise<Trace> {
  if (!(registered in globalThis)) return noTrace;
  const api = await import("@opentelemetry/api").catch(() => undefined);
  if (api === undefined) return noTrace;
  const tracer = api.trace.getTracer("countersign");
  return (name, attributes, work) =>
    tracer.startActiveSpan(name, { attributes }, async (span) => {
      try {
        return await work();
      } catch (error) {
        span.setStatus({ code: api.SpanStatusCode.ERROR, message: signerErrorCode(error) });
        throw error;
      } finally {
        span.end();
      }
    });
}
