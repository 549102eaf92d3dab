import { type CelFunc, CelScalar, type CelValue, celFunc, isCelList, isCelMap } from "@bufbuild/cel";
import { type Expr, ExprSchema } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { create } from "@bufbuild/protobuf";
import type { Meter } from "./meter.ts";

const { DYN } = CelScalar;
const costFunction = "@cost";

/** Books the value that passes through it. */
export function costOf(meter: Meter): CelFunc {
  return celFunc(costFunction, [DYN], DYN, (value) => {
    meter.charge(1 + unitsOf(value));
    return value;
  });
}

/**
 * The expression with every variable, field and result of a call passed through {@link costOf}: whatever an operation
 * takes was booked by its size before, and each turn of a macro reads at least its accumulator.
 */
export function meteredExpr(expr: Expr): Expr {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "identExpr":
      return isTypeName(exprKind.value.name) ? expr : counted(expr);
    case "selectExpr": {
      const value = { ...exprKind.value, operand: metered(exprKind.value.operand) };
      const select = { ...expr, exprKind: { case: exprKind.case, value } };
      return exprKind.value.testOnly ? select : counted(select);
    }
    case "callExpr": {
      const { target, args } = exprKind.value;
      const isNamespace = target?.exprKind.case === "identExpr" && target.exprKind.value.name === "strings";
      const value = {
        ...exprKind.value,
        target: isNamespace ? target : metered(target),
        args: args.map(meteredExpr),
      };
      return counted({ ...expr, exprKind: { case: exprKind.case, value } } as Expr);
    }
    case "listExpr": {
      const value = { ...exprKind.value, elements: exprKind.value.elements.map(meteredExpr) };
      return { ...expr, exprKind: { case: exprKind.case, value } };
    }
    case "structExpr": {
      const entries = exprKind.value.entries.map((entry) => ({ ...entry, value: metered(entry.value) }));
      return { ...expr, exprKind: { case: exprKind.case, value: { ...exprKind.value, entries } } } as Expr;
    }
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result, ...names } = exprKind.value;
      const value = {
        ...names,
        iterRange: metered(iterRange),
        accuInit,
        loopCondition: metered(loopCondition),
        loopStep: metered(loopStep),
        result,
      };
      return { ...expr, exprKind: { case: exprKind.case, value } } as Expr;
    }
    default:
      return expr;
  }
}

function metered(expr: Expr | undefined): Expr | undefined {
  return expr && meteredExpr(expr);
}

function counted(expr: Expr): Expr {
  const value = { function: costFunction, args: [expr] };
  return create(ExprSchema, { id: expr.id, exprKind: { case: "callExpr", value } } as never);
}

function isTypeName(name: string): boolean {
  return /^(bool|bytes|double|int|list|map|null_type|string|type|uint)$/.test(name);
}

function unitsOf(value: CelValue): number {
  if (typeof value === "string") return value.length / 10;
  if (value instanceof Uint8Array) return value.length / 10;
  if (isCelList(value) || isCelMap(value)) return value.size;
  return 0;
}
