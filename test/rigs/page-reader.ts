import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type MarkdownBlock, markdownBlocks } from "../tools/markdown-blocks.ts";
import type { AdminShell } from "./admin-shell.ts";
import { type ControlPlane, kubectl } from "./control-plane.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";

const ROOT = join(import.meta.dirname, "../..");

/** All blocks of a page below `docs/`, in order. */
export async function pageBlocks(page: string): Promise<readonly MarkdownBlock[]> {
  return markdownBlocks(await readFile(join(ROOT, "docs", page), "utf8"));
}

/** The blocks of a section in a language, but for those that are marked `by-hand`. */
export async function sectionBlocks(
  page: string,
  section: string,
  language: string,
): Promise<readonly MarkdownBlock[]> {
  return (await pageBlocks(page)).filter(
    (block) => block.section === section && block.language === language && !block.marks.includes("by-hand"),
  );
}

/** Somebody who does what a page says, with what it takes for granted. */
export interface PageReader extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly shell: AdminShell;
  /** Runs a block; resolves to its output. Throws with its line and output where a command fails. */
  follow(block: MarkdownBlock): Promise<string>;
  /** Starts the program of a block, in the place of the one before; `env` comes on top. */
  start(block: MarkdownBlock, env?: Readonly<Record<string, string>>): Promise<void>;
}

/** A reader with this shell. Disposing of it stops the program. */
export function pageReader(shell: AdminShell, controlPlane: ControlPlane): PageReader {
  const { directory } = shell;
  const logPath = join(directory, "program.log");
  let program: ServerProcess | undefined;
  return {
    controlPlane,
    shell,
    async follow(block) {
      const { code, output } = await shell.run(`set -eu\n${block.text}`);
      if (code === 0) return output;
      const log = await logTail(logPath);
      throw new Error(
        `line ${block.line} ended with ${code}:\n${block.text}\n${output}\nThe issuer's log:\n${log}`,
      );
    },
    async start(block, env = {}) {
      await program?.stop();
      const args = ["-c", `cd "$0" && exec ${block.text}`, directory];
      const options = { name: "issuer", command: "/bin/sh", args, logPath };
      program = await startServer({ ...options, env: { ...shell.env, ...env } });
    },
    async [Symbol.asyncDispose]() {
      await program?.stop();
    },
  };
}

/** Runs a script as the reader; throws where a command of it fails. */
export async function runScript({ shell }: PageReader, script: string): Promise<void> {
  const result = await shell.run(`set -eu\n${script}`);
  if (result.code !== 0) throw new Error(`${script}\n${result.output}`);
}

/** Creates an object, or brings it to this state. */
export async function applyObject(reader: PageReader, object: object): Promise<void> {
  await runScript(reader, `kubectl apply --filename - <<'EOF'\n${JSON.stringify(object)}\nEOF`);
}

/** What an issuer of `default` and the requests of a Certificate say in their conditions. */
export async function conditionMessages(
  { controlPlane }: PageReader,
  names: { readonly certificate: string; readonly issuers: string; readonly issuer: string },
): Promise<readonly string[]> {
  const get = async (resource: string) => {
    const text = await kubectl(controlPlane, "get", resource, "--namespace=default", "--output=json");
    return (JSON.parse(text) as { readonly items: readonly Conditioned[] }).items;
  };
  const issuers = (await get(names.issuers)).filter(({ metadata }) => metadata.name === names.issuer);
  const requests = (await get("certificaterequests")).filter(
    ({ metadata }) => metadata.annotations?.["cert-manager.io/certificate-name"] === names.certificate,
  );
  return [...issuers, ...requests].flatMap(({ status }) =>
    (status?.conditions ?? []).map(({ message = "" }) => message),
  );
}

interface Conditioned {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly conditions?: readonly { readonly message?: string }[] };
}
