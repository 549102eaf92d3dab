import type { KubeObject } from "../kube-object.ts";
import { badRequest } from "../status-error.ts";

/** Reads one selectable field of an object as text; an absent field is the empty string. */
export type FieldReader = (object: KubeObject) => string;

/** The fields that a resource can be selected by. */
export type FieldReaders = ReadonlyMap<string, FieldReader>;

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** Splits a field selector (`metadata.name=a,spec.x!=b`) into terms. Backslash escapes `\`, `,` and `=`. */
export function parseFieldSelector(text: string): readonly FieldTerm[] {
  return splitTerms(text)
    .filter((term) => term !== "")
    .map((term) => {
      const operator = /^((?:[^=!\\]|\\.)*?)(==|!=|=)(.*)$/s.exec(term);
      if (!operator) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = "", sign, value = ""] = operator;
      return { field, equal: sign !== "!=", value: unescapeValue(value) };
    });
}

/** A test for objects; a field that the resource does not offer is refused as the API server does. */
export function fieldTest(
  terms: readonly FieldTerm[],
  readers: FieldReaders,
  unknown: (field: string) => string,
): ((object: KubeObject) => boolean) | undefined {
  if (terms.length === 0) return undefined;
  const tests = terms.map(({ field, equal, value }) => {
    const read = readers.get(field);
    if (!read) throw badRequest(unknown(field));
    return (object: KubeObject) => (read(object) === value) === equal;
  });
  return (object) => tests.every((test) => test(object));
}

function splitTerms(text: string): string[] {
  return text.match(/(?:[^,\\]|\\.)+/gs) ?? [];
}

function unescapeValue(value: string): string {
  return value.replace(/\\(.)/gs, "$1");
}
