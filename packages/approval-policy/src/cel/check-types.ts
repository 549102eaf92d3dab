import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { checkFormat } from "./check-format.ts";
import { signatures } from "./signatures.ts";
import { type CelTypeName, dyn, typeOf, typeText, unify } from "./types.ts";

type Scope = ReadonlyMap<string, CelTypeName>;

const bool = typeOf("bool");
const typeNames = ["bool", "bytes", "double", "int", "list", "map", "string", "uint"];

/** What a rule sees: `self`, the value, and `cr`, the request. Type names are values of type `type`. */
const environment: Scope = new Map([
  ["self", typeOf("string")],
  ["cr", typeOf("request")],
  ...["null_type", "type", ...typeNames].map((name) => [name, typeOf("type")] as const),
]);
const requestFields: Scope = new Map([
  ["name", typeOf("string")],
  ["namespace", typeOf("string")],
  ["username", typeOf("string")],
  ["groups", typeOf("list(string)")],
]);

/**
 * Checks an expression as cel-go does before it runs one: every name known, every function given what it takes. The
 * answer is the type of the result. Throws an Error of one line. Stricter than cel-go in that there are no messages.
 */
export function checkTypes(expr: Expr | undefined, scope: Scope = environment): CelTypeName {
  const kind = expr?.exprKind;
  switch (kind?.case) {
    case "constExpr":
      return constantType(kind.value.constantKind.case);
    case "identExpr": {
      const type = scope.get(kind.value.name);
      if (type === undefined) throw new Error(`undeclared reference to ${kind.value.name}`);
      return type;
    }
    case "selectExpr": {
      const type = fieldType(checkTypes(kind.value.operand, scope), kind.value.field);
      return kind.value.testOnly ? bool : type;
    }
    case "listExpr":
      return {
        name: "list",
        parts: [joined(kind.value.elements.map((element) => checkTypes(element, scope)))],
      };
    case "structExpr": {
      if (kind.value.messageName !== "")
        throw new Error(`messages such as ${kind.value.messageName} are not known`);
      const keys: CelTypeName[] = [];
      const values: CelTypeName[] = [];
      for (const { keyKind, value } of kind.value.entries) {
        if (keyKind.case === "mapKey") keys.push(checkTypes(keyKind.value, scope));
        values.push(checkTypes(value, scope));
      }
      return { name: "map", parts: [joined(keys), joined(values)] };
    }
    case "comprehensionExpr": {
      const { iterRange, iterVar, accuVar, accuInit, loopCondition, loopStep, result } = kind.value;
      const range = checkTypes(iterRange, scope);
      if (!["list", "map", "dyn"].includes(range.name))
        throw new Error(`a ${typeText(range)} has no elements to go through`);
      const outer = new Map(scope).set(iterVar, range.parts[0] ?? dyn);
      // The accumulator of map and filter starts as an empty list: only the step knows its elements.
      const first = checkTypes(accuInit, scope);
      const step = checkTypes(loopStep, new Map(outer).set(accuVar, first));
      const accumulated = unify(first, step);
      if (accumulated === undefined) throw new Error("the steps of a macro differ in type");
      const inner = new Map(outer).set(accuVar, accumulated);
      expectBool(checkTypes(loopCondition, inner));
      return checkTypes(result, new Map(scope).set(accuVar, accumulated));
    }
    case "callExpr": {
      const { target, args, function: name } = kind.value;
      const qualified = namespaced(target, name);
      if (qualified !== undefined)
        return overload(
          qualified,
          undefined,
          args.map((arg) => checkTypes(arg, scope)),
        );
      const template = target?.exprKind.case === "constExpr" ? target.exprKind.value.constantKind : undefined;
      const list = args[0]?.exprKind;
      if (name === "format" && template?.case === "stringValue" && list?.case === "listExpr")
        checkFormat(
          template.value,
          list.value.elements.map((element) => checkTypes(element, scope)),
        );
      return overload(
        name,
        target && checkTypes(target, scope),
        args.map((arg) => checkTypes(arg, scope)),
      );
    }
    default:
      throw new Error("the expression is incomplete");
  }
}

/** `strings.quote(x)` is parsed as a method of an unknown `strings`. */
function namespaced(target: Expr | undefined, name: string): string | undefined {
  const kind = target?.exprKind;
  const qualified = kind?.case === "identExpr" ? `${kind.value.name}.${name}` : undefined;
  return qualified !== undefined && signatures.has(qualified) ? qualified : undefined;
}

function constantType(kind: string | undefined): CelTypeName {
  const [, word = ""] = /^(.*)Value$/.exec(kind ?? "") ?? [];
  return typeOf(word.replace("64", ""));
}

function fieldType(operand: CelTypeName, field: string): CelTypeName {
  if (operand.name === "request") {
    const type = requestFields.get(field);
    if (type === undefined)
      throw new Error(`cr has no field ${field}; it has ${[...requestFields.keys()].join(", ")}`);
    return type;
  }
  if (operand.name === "map") return operand.parts[1] ?? dyn;
  if (operand.name === "dyn") return dyn;
  throw new Error(`a ${typeText(operand)} has no field ${field}`);
}

function overload(name: string, target: CelTypeName | undefined, args: readonly CelTypeName[]): CelTypeName {
  const generic = target === undefined ? genericResult(name, args) : undefined;
  if (generic !== undefined) return generic;
  const results = (signatures.get(name) ?? []).flatMap((signature) => fitting(signature, target, args) ?? []);
  const [first, ...others] = results;
  if (first === undefined) {
    const given = `${target ? `${typeText(target)}.` : ""}${name}(${args.map(typeText).join(", ")})`;
    throw new Error(signatures.has(name) ? `there is no ${given}` : `there is no function ${name}`);
  }
  return others.every((other) => other.name === first.name) ? first : dyn;
}

function fitting(
  signature: string,
  target: CelTypeName | undefined,
  args: readonly CelTypeName[],
): CelTypeName | undefined {
  const [, on, list = "", result = ""] = /^(?:(.*)\.)?\((.*)\) (\S+)$/.exec(signature) ?? [];
  const wanted = list === "" ? [] : list.split(",").map(typeOf);
  const fits =
    (on === undefined) === (target === undefined) &&
    (on === undefined || target === undefined || unify(typeOf(on), target) !== undefined) &&
    wanted.length === args.length &&
    wanted.every((type, index) => unify(type, args[index] ?? dyn) !== undefined);
  return fits ? typeOf(result) : undefined;
}

/** Operators over any type. Undefined where the operator is not one of them. */
function genericResult(name: string, args: readonly CelTypeName[]): CelTypeName | undefined {
  const [a = dyn, b = dyn, c = dyn] = args;
  switch (name) {
    case "_==_":
    case "_!=_":
      if (unify(a, b) === undefined) throw new Error(`a ${typeText(a)} never equals a ${typeText(b)}`);
      return bool;
    case "_?_:_": {
      expectBool(a);
      const both = unify(b, c);
      if (both === undefined)
        throw new Error(`${typeText(b)} and ${typeText(c)} are different types after ?`);
      return both;
    }
    case "@in":
      if (!["list", "map", "dyn"].includes(b.name)) throw new Error(`there is no in over a ${typeText(b)}`);
      if (unify(a, b.parts[0] ?? dyn) === undefined)
        throw new Error(`a ${typeText(a)} is never in a ${typeText(b)}`);
      return bool;
    case "_[_]":
      if (b.name !== "dyn" && a.name === "list" && b.name !== "int")
        throw new Error("a list is indexed by int");
      if (a.name === "list") return a.parts[0] ?? dyn;
      if (a.name === "map" && unify(a.parts[0] ?? dyn, b) === undefined)
        throw new Error(`a ${typeText(a)} is not indexed by ${typeText(b)}`);
      if (a.name === "map") return a.parts[1] ?? dyn;
      if (a.name === "dyn") return dyn;
      throw new Error(`a ${typeText(a)} has no index`);
    case "_+_": {
      if (a.name !== "list" || b.name !== "list") return undefined;
      const both = unify(a, b);
      if (both === undefined) throw new Error(`${typeText(a)} and ${typeText(b)} are not put together`);
      return both;
    }
    default:
      return undefined;
  }
}

function expectBool(type: CelTypeName): void {
  if (unify(type, bool) === undefined) throw new Error(`a ${typeText(type)} stands where a bool is needed`);
}

function joined(types: readonly CelTypeName[]): CelTypeName {
  let all: CelTypeName | undefined;
  for (const type of types) {
    const both = all === undefined ? type : unify(all, type);
    // cel-go makes a mixed list one of dyn.
    if (both === undefined) return dyn;
    all = both;
  }
  return all ?? dyn;
}
