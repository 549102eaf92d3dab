// A TypeDoc plugin: warns of every export without a sentence of documentation. TypeDoc's own `notDocumented` cannot ask
// it of exported functions without asking it of every method too, where the name often says all (`stop`, `close`).
import { ReflectionKind } from "typedoc";

const documented =
  ReflectionKind.Function |
  ReflectionKind.Class |
  ReflectionKind.Interface |
  ReflectionKind.TypeAlias |
  ReflectionKind.Variable;

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.on("validateProject", (project) => {
    for (const reflection of project.getReflectionsByKind(documented)) {
      if (!reflection.parent?.kindOf(ReflectionKind.SomeModule)) continue;
      const comments = [reflection, ...(reflection.signatures ?? [])].some((one) => one.hasComment());
      if (!comments)
        app.logger.warn(`${reflection.getFriendlyFullName()} is exported and has no documentation`);
    }
  });
}
