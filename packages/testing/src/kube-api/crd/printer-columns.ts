import { compileJsonPath } from "../table/json-path.ts";
import { age, ageColumn, nameColumn, type TableColumn } from "../table/table-column.ts";

/** CustomResourceColumnDefinition. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

/** The table of a custom resource: its name, then the columns of its definition, or its age where it names none. */
export function printerColumns(columns: readonly PrinterColumn[]): readonly TableColumn[] {
  return [nameColumn, ...(columns.length > 0 ? columns.map(toColumn) : [ageColumn("date")])];
}

function toColumn({
  name,
  type,
  format = "",
  description,
  priority = 0,
  jsonPath,
}: PrinterColumn): TableColumn {
  const path = compileJsonPath(jsonPath);
  return {
    name,
    type,
    format,
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    read: (object, now) => cell(path?.(object) ?? [], type, now),
  };
}

function cell(found: readonly unknown[], type: string, now: Date): unknown {
  const [first] = found;
  if (first === undefined || first === null) return null;
  if (type === "string") {
    return found.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" ");
  }
  if (type === "date") return age(first, now);
  return typeof first === "object" ? JSON.stringify(first) : first;
}
