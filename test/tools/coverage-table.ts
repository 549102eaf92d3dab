/** One row of `docs/coverage.md`. */
export interface CoverageRow {
  /** The whole first cell: the case, or what it is called and the tests that stand for it. */
  readonly text: string;
  /** Titles of tests, each with the path of its file from `docs`. */
  readonly tests: readonly { readonly title: string; readonly path: string }[];
  readonly note: string;
}

/** One section, and how many rows its heading says that it has. */
export interface CoverageSection {
  readonly heading: string;
  readonly count: number;
  readonly rows: readonly CoverageRow[];
}

const headingLine = /^### (.+) \((\d+)\)$/;
const rowLine = /^\| (.+) \| (.*)\|$/;
const link = /\[((?:[^[\]]|\[[^\]]*\])+)\]\(([^()\s]+)\)/g;

/** The sections of the page that have a count beside their heading. */
export function coverageSections(markdown: string): readonly CoverageSection[] {
  const sections: { heading: string; count: number; rows: CoverageRow[] }[] = [];
  for (const line of markdown.split("\n")) {
    const [, heading, count] = headingLine.exec(line) ?? [];
    if (heading !== undefined) sections.push({ heading, count: Number(count), rows: [] });
    const [, text, note] = rowLine.exec(line) ?? [];
    const section = sections.at(-1);
    if (section === undefined || text === undefined || ["case", "fact"].includes(text)) continue;
    section.rows.push({
      text,
      tests: [...text.matchAll(link)].map(([, title = "", path = ""]) => ({ title, path })),
      note: (note ?? "").trim(),
    });
  }
  return sections;
}

/** Whether the source has the title as a whole string, whatever its quotes. */
export function hasTitle(source: string, title: string): boolean {
  return ['"', "'", "`"].some((quote) => source.includes(`${quote}${title}${quote}`));
}
