import { readFile, writeFile } from "node:fs/promises";
import type { SubjectAttribute } from "@countersign/issuer-signer";
import type { OptionValues } from "./command-context.ts";
import { UsageError } from "./usage-error.ts";

/** The text of an option, if it is there. */
export function optionalText(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** The text of an option that must be there. */
export function requiredText(values: OptionValues, name: string): string {
  const value = optionalText(values, name);
  if (value === undefined || value === "") throw new UsageError(`--${name} is missing`);
  return value;
}

/** A whole number within bounds, if the option is there. */
export function optionalNumber(
  values: OptionValues,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = optionalText(values, name);
  if (text === undefined) return undefined;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= min && number <= max))
    throw new UsageError(
      `--${name} must be a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`,
    );
  return number;
}

/** The dates of `--days`, counted from now in whole seconds. */
export function validityOf(
  values: OptionValues,
  now: Date,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const days = optionalNumber(values, "days", { min: 1, max: 36_500 });
  if (days === undefined) throw new UsageError("--days is missing");
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * 86_400_000) };
}

/** A name such as `C=DE,O=Example,CN=Root CA`, in the order of the encoding; a backslash goes before a comma. */
export function parseSubject(text: string): readonly SubjectAttribute[] {
  return text.split(/(?<!\\),/).map((part) => {
    const [, type, value] = /^\s*([A-Za-z]+|[0-2](?:\.\d+)+)\s*=(.+)$/s.exec(part) ?? [];
    if (type === undefined || value === undefined)
      throw new UsageError(`--subject must be like "C=DE,O=Example,CN=Root CA", got ${JSON.stringify(text)}`);
    return { type: type.toUpperCase(), value: value.replace(/\\(.)/g, "$1").trim() };
  });
}

/** Reads a file that an option names. */
export async function readOptionFile(values: OptionValues, name: string): Promise<string> {
  const path = requiredText(values, name);
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`the file of --${name} cannot be read (${error.code}): ${path}`);
  });
}

/** Writes a new file. What is there already is never replaced: it may be the only copy of something signed. */
export async function writeNewFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await writeFile(path, content, { flag: "wx", mode }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === "EEXIST"
        ? `${path} is there already; move it away`
        : `${path} cannot be written (${error.code})`,
    );
  });
}
