import type { Csr } from "@countersign/issuer-core";
import { subjectValues } from "../subject.ts";
import { type CloudErrorEntry, knownCodes, ownCodes } from "./error.ts";
import { allKeys, any, type CloudTemplate } from "./template.ts";

/** What in a CSR the template does not allow: the entries of a 412. */
export function templateViolations(template: CloudTemplate, csr: Csr): CloudErrorEntry[] {
  return [
    ...subjectViolations(template, csr),
    ...nameViolations(template, csr),
    ...keyViolations(template, csr),
  ];
}

/** Numbers and words as users have shown them. */
function subjectViolations(template: CloudTemplate, csr: Csr): CloudErrorEntry[] {
  const rules = [
    ["CN", template.subjectCNRegexes],
    ["O", template.subjectORegexes],
    ["OU", template.subjectOURegexes],
    ["L", template.subjectLRegexes],
    ["ST", template.subjectSTRegexes],
    ["C", template.subjectCValues],
  ] as const;
  return rules.flatMap(([type, patterns = any]) => {
    const found = subjectValues(csr, type);
    const values = found.length === 0 ? [""] : found;
    return values
      .filter((value) => !(patterns.length === 0 && value === "") && !matches(value, patterns))
      .map((value) => {
        const message = `Distinguished name component ${type} with value "${value}" is invalid`;
        return { code: knownCodes.badComponent, message, args: [type, value] };
      });
  });
}

function nameViolations(template: CloudTemplate, { names }: Csr): CloudErrorEntry[] {
  const rules = [
    ["dNSName", names.dns, template.sanRegexes ?? any],
    ["rfc822Name", names.email, template.sanRfc822NameRegexes ?? []],
    ["iPAddress", names.ip, template.sanIpAddressRegexes ?? []],
    ["uniformResourceIdentifier", names.uri, template.sanUniformResourceIdentifierRegexes ?? []],
    ["otherName", names.other.map(() => ""), []],
  ] as const;
  return rules.flatMap(([type, values, patterns]): CloudErrorEntry[] => {
    if (values.length > 0 && patterns.length === 0)
      return [
        {
          code: knownCodes.sanType,
          message: `SAN value of type ${type} must not be specified`,
          args: [type],
        },
      ];
    return values
      .filter((value) => !matches(value, patterns))
      .map((value) => {
        const message = `SAN value "${value}" of type ${type} matches none of [${patterns.join(", ")}]`;
        return { code: ownCodes.policy, message, args: [type, value] };
      });
  });
}

function keyViolations({ keyTypes = allKeys }: CloudTemplate, { keyAlgorithm: key }: Csr): CloudErrorEntry[] {
  const isAllowed = keyTypes.some((allowed) => {
    if (key.name === "RSA" && allowed.keyType === "RSA")
      return allowed.keyLengths.includes(key.modulusLength);
    if (key.name === "RSA" || key.name === "RSA-PSS" || allowed.keyType !== "EC") return false;
    const own = key.name === "EC" ? key.curve.replace("-", "") : "ED25519";
    return allowed.keyCurves.some((curve) => curve === own);
  });
  return isAllowed ? [] : [{ code: ownCodes.policy, message: "The key is of no allowed type", args: [] }];
}

function matches(value: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => new RegExp(`^(?:${pattern})$`, "u").test(value));
}
