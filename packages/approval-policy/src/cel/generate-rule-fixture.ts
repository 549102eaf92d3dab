type Kind = "bool" | "double" | "int" | "list" | "map" | "string" | "uint";

const texts = [
  "self",
  "cr.name",
  "cr.namespace",
  "cr.username",
  "'a'",
  "''",
  "'.'",
  "'ab.svc'",
  "'\u{1d4b3}é'",
  "r'\\d+'",
  '"it\\u0027s"',
];
const numbers = ["0", "1", "2", "-1", "10", "9223372036854775807"];
const patterns = [
  "'^[a-z.]+$'",
  "'a|b'",
  "'(?i)SVC'",
  "'\\\\d'",
  "'['",
  "'\\\\bsvc\\\\b'",
  "r'^\\S+$'",
  "'^.{2,4}$'",
];

/** For tests: a rule, mostly of the types that its functions take, over everything that rules have. */
export function generateRule(random: () => number): string {
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const kinds: readonly Kind[] = ["bool", "double", "int", "list", "map", "string", "uint"];

  const make = (kind: Kind, depth: number, names: readonly string[]): string => {
    // Now and then something of another type, which a compiler must see.
    if (random() < 0.015) return make(one(kinds), depth - 1, names);
    const of = (wanted: Kind) => make(wanted, depth - 1, names);
    const text = () => of("string");
    const flat = depth <= 0;
    switch (kind) {
      case "bool":
        return flat ? one(["true", "false", "self == 'a'"]) : one(bools)(of, depth, names);
      case "string":
        return flat || random() < 0.3 ? one([...texts, ...names]) : one(strings)(of, depth, names);
      case "int":
        return flat || random() < 0.3 ? one(numbers) : one(ints)(of, depth, names);
      case "uint":
        return flat
          ? one(["0u", "3u"])
          : one([`uint(${of("int")})`, `(${of("uint")} + 1u)`, `(${of("uint")} - 1u)`]);
      case "double":
        return flat
          ? one(["0.5", "1.0", "-2.5", "1e3"])
          : one([`double(${of("int")})`, `(${of("double")} / 2.0)`, `double(${text()})`]);
      case "list":
        return flat ? one(["cr.groups", "['a', self]", "['ab.svc']"]) : one(lists)(of, depth, names);
      case "map":
        return `{${text()}: ${of("int")}, 'k': 1}`;
    }
  };
  type Part = (of: (kind: Kind) => string, depth: number, names: readonly string[]) => string;
  const macro = (name: string, of: (kind: Kind) => string, body: (variable: string) => string) => {
    const variable = one(["x", "y", "self"]);
    return `${of("list")}.${name}(${variable}, ${body(variable)})`;
  };
  const within = (kind: Kind, depth: number, names: readonly string[]) => (variable: string) =>
    make(kind, depth - 1, [...names, variable]);
  const same = (of: (kind: Kind) => string): string => {
    const kind = one(kinds);
    return `${of(kind)} ${one(["==", "!="])} ${of(kind)}`;
  };
  const bools: readonly Part[] = [
    (of) => `(${same(of)})`,
    (of) => `(${same(of)})`,
    (of) => `(${of("string")} ${one(["<", "<=", ">", ">="])} ${of("string")})`,
    (of) => `(${of("int")} ${one(["<", "<=", ">", ">="])} ${of(one(["int", "double", "uint"]))})`,
    (of) => `${of("string")}.${one(["startsWith", "endsWith", "contains"])}(${of("string")})`,
    (of) => `${of("string")}.matches(${one(patterns)})`,
    (of) => `(${of("bool")} ${one(["&&", "||"])} ${of("bool")})`,
    (of) => `(${of("bool")} ${one(["&&", "||"])} ${of("bool")})`,
    (of) => `!${of("bool")}`,
    (of) => `(${of("bool")} ? ${of("bool")} : ${of("bool")})`,
    (of) => `(${of("string")} in ${of(one(["list", "map"]))})`,
    (of) => `isServiceAccount(${of("string")})`,
    (of, depth, names) => macro(one(["all", "exists", "exists_one"]), of, within("bool", depth, names)),
    (of) => `bool(${of("string")})`,
    () => "has(cr.namespace)",
    (of) => `(type(${of(one(kinds))}) == ${one(["string", "int", "list"])})`,
  ];
  const strings: readonly Part[] = [
    (of) => `(${of("string")} + ${of("string")})`,
    (of) => `${of("string")}.${one(["lowerAscii", "upperAscii", "trim", "reverse"])}()`,
    (of) =>
      `${of("string")}.replace(${of("string")}, ${of("string")}${random() < 0.3 ? `, ${of("int")}` : ""})`,
    (of) => `${of("string")}.substring(${of("int")}${random() < 0.5 ? `, ${of("int")}` : ""})`,
    (of) => `${of("string")}.charAt(${of("int")})`,
    (of) => `${of("list")}.join(${random() < 0.5 ? of("string") : ""})`,
    (of) => `string(${of(one(["int", "bool", "uint", "string"]))})`,
    (of) => `${of("list")}[${of("int")}]`,
    (of) => `(${of("bool")} ? ${of("string")} : ${of("string")})`,
    (of) => `strings.quote(${of("string")})`,
    (of) => `'%s-%d'.format([${of("string")}, ${of("int")}])`,
    (of) => `serviceAccount(${of("string")}).${one(["getName", "getNamespace"])}()`,
  ];
  const ints: readonly Part[] = [
    (of) => `size(${of(one(["string", "list", "map"]))})`,
    (of) => `${of(one(["string", "list"]))}.size()`,
    (of) =>
      `${of("string")}.${one(["indexOf", "lastIndexOf"])}(${of("string")}${random() < 0.3 ? `, ${of("int")}` : ""})`,
    (of) => `(${of("int")} ${one(["+", "-", "*", "/", "%"])} ${of("int")})`,
    (of) => `int(${of(one(["string", "double", "uint", "int"]))})`,
    (of) => `${of("map")}[${of("string")}]`,
    (of) => `-${of("int")}`,
  ];
  const lists: readonly Part[] = [
    (of) => `[${of("string")}, ${of("string")}]`,
    (of) => `(${of("list")} + ${of("list")})`,
    (of) => `${of("string")}.split(${of("string")}${random() < 0.3 ? `, ${of("int")}` : ""})`,
    (of, depth, names) => macro("filter", of, within("bool", depth, names)),
    (of, depth, names) => macro("map", of, within("string", depth, names)),
  ];
  return make("bool", 1 + Math.floor(random() * 4), []);
}
