import type { z } from "zod";

/** Names of one CEL rule of the API server, in the form of `x-kubernetes-validations`. */
interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

// Names that CEL's grammar keeps for itself; kube-apiserver reaches a field of such a name as `__name__`.
const reserved =
  /^(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)$/;

/** The field's name as a CEL identifier, escaped as KEP-2876 says. */
function celName(field: string): string {
  if (reserved.test(field)) return `__${field}__`;
  const escaped = field
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped)) {
    throw new TypeError(`Expected \`fields\` to be names that CEL can select, got \`${field}\``);
  }
  return escaped;
}

/**
 * Says that exactly one of some optional fields is set: the structural form of a union of objects. It holds where the
 * spec is parsed and, as a CEL rule, in the API server.
 *
 * ```ts
 * auth: exactlyOneOf(z.object({ token: secretKeyRef().optional(), appRole: appRole.optional() }), ["token", "appRole"])
 * ```
 *
 * @throws TypeError for fewer than two fields, or a field that is unknown, required or has a default
 */
export function exactlyOneOf<Schema extends z.ZodObject>(
  schema: Schema,
  fields: readonly (keyof z.output<Schema> & string)[],
): Schema {
  if (fields.length < 2)
    throw new TypeError(`Expected \`fields\` to be two or more, got \`${fields.length}\``);
  for (const field of fields) {
    if (schema.shape[field]?._zod.def.type !== "optional") {
      throw new TypeError(`Expected \`fields\` to be optional fields of the object, got \`${field}\``);
    }
  }
  const message = `exactly one of ${fields.join(", ")} must be set`;
  const rule = `[${fields.map((field) => `has(self.${celName(field)})`).join(", ")}].exists_one(set, set)`;
  const rules = (schema.meta()?.["x-kubernetes-validations"] ?? []) as readonly ValidationRule[];
  return schema
    .refine((value) => fields.filter((field) => value[field] !== undefined).length === 1, { error: message })
    .meta({ "x-kubernetes-validations": [...rules, { rule, message }] });
}
