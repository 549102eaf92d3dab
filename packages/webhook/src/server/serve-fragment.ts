import { isUtf8 } from "node:buffer";
import { join } from "node:path";
import {
  type ConfigMapRefs,
  type ConnectContext,
  HttpClient,
  type HttpClientOptions,
  IssuerError,
  type SecretKeyRef,
  type SecretRefs,
  type Signer,
} from "@countersign/issuer-signer";
import type { ServedSigner } from "./served-signer.ts";
import { type WatchedFile, WatchedFiles } from "./watched-files.ts";

/** What a backend says of its issuer: an `issuerFragment`, whatever its spec and the names of its secrets. */
export interface ServedFragment {
  readonly spec: { parse(value: unknown): unknown };
  readonly secrets?: ((spec: never) => SecretRefs) | undefined;
  readonly configMaps?: ((spec: never) => ConfigMapRefs) | undefined;
  connect(context: ConnectContext<never, never, never>): Signer<unknown> | Promise<Signer<unknown>>;
}

/** What {@link serveFragment} needs. */
export interface ServeFragmentOptions {
  /** Such as `ejbcaIssuer`. */
  readonly fragment: ServedFragment;
  /** `spec` as an issuer object would have it. */
  readonly spec: unknown;
  /** Where Secrets and ConfigMaps are mounted: a reference to key K of Secret N is the file N/K below it. */
  readonly secretsDirectory: string;
  /** Gets the signer, and another one whenever the files have changed. */
  readonly served: ServedSigner;
  /** How often the files are looked at, in milliseconds. */
  readonly everyMs?: number | undefined;
  /** Told that files which have changed cannot be used; the signer before stays in use. */
  readonly onProblem: (error: unknown) => void;
  /** Told that files which have changed are in use. */
  readonly onChange?: (() => void) | undefined;
  readonly http?: HttpClientOptions | undefined;
}

type NamedRef = readonly [string, SecretKeyRef];

/**
 * Serves a backend without Kubernetes: its spec is part of a configuration, its Secrets are files that may be rotated.
 * Resolves when the first signer is made; nothing has been sent to the PKI then.
 *
 * @throws what the spec's schema, the files or `connect` say is wrong
 */
export async function serveFragment(options: ServeFragmentOptions): Promise<WatchedFiles> {
  const { fragment, secretsDirectory, served, http = {} } = options;
  const spec = fragment.spec.parse(options.spec);
  const secrets = refsOf(fragment.secrets?.(spec as never));
  const configMaps = refsOf(fragment.configMaps?.(spec as never));
  const files = (kind: string, refs: readonly NamedRef[]) =>
    refs.map(([name, ref]): readonly [string, WatchedFile] => [
      `${kind} ${name}`,
      { path: join(secretsDirectory, ref.name, ref.key), optional: ref.optional },
    ]);
  return WatchedFiles.start({
    files: Object.fromEntries([...files("secret", secrets), ...files("configMap", configMaps)]),
    everyMs: options.everyMs,
    onProblem: options.onProblem,
    onChange: options.onChange,
    async use(contents) {
      const values = (kind: string, refs: readonly NamedRef[]) =>
        Object.fromEntries(refs.map(([name, ref]) => [name, fileValue(ref, contents[`${kind} ${name}`])]));
      const client = new HttpClient(http);
      const context: ConnectContext<unknown> = {
        spec,
        secrets: values("secret", secrets),
        configMaps: values("configMap", configMaps),
        http: client,
        issuer: { group: "", kind: "SignService", name: "sign", namespace: "", uid: "" },
        serviceAccountTokens: { request: () => Promise.reject(noTokens()) },
        credentials: { save: () => Promise.reject(notSaved()) },
        reports: { circuit: () => {}, credential: () => {} },
      };
      try {
        const signer = await fragment.connect(context as ConnectContext<never, never, never>);
        served.replace(closing(signer, client));
      } catch (error) {
        client.close();
        throw error;
      }
    },
  });
}

/** The same signer, which closes its client with itself. */
function closing(signer: Signer<unknown>, client: HttpClient): Signer<unknown> {
  const find = signer.find?.bind(signer);
  return {
    idempotent: signer.idempotent,
    check: (context) => signer.check(context),
    sign: (request, context) => signer.sign(request, context),
    ...(find === undefined ? {} : { find }),
    async close() {
      await signer.close?.();
      client.close();
    },
  };
}

function refsOf(refs: SecretRefs = {}): readonly NamedRef[] {
  return Object.entries(refs).filter((entry): entry is [string, SecretKeyRef] => entry[1] !== undefined);
}

/** As the SDK gives it: text is strict UTF-8. */
function fileValue(
  { name, key, bytes }: SecretKeyRef,
  content: Buffer | undefined,
): string | Buffer | undefined {
  if (content === undefined || bytes === true) return content;
  if (!isUtf8(content)) throw new IssuerError(`${name}/${key} is not UTF-8. Store the text again.`);
  return content.toString("utf8");
}

function notSaved(): IssuerError {
  return new IssuerError(
    "What the PKI renews cannot be written to mounted Secrets. Use a credential that is not used up, or an issuer in Kubernetes.",
  );
}

function noTokens(): IssuerError {
  return new IssuerError(
    "There are no service account tokens outside of an issuer. Use another way to log in, such as a Secret.",
  );
}
