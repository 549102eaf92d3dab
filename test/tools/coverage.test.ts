import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { coverageSections, hasTitle } from "./coverage-table.ts";

const docs = join(import.meta.dirname, "..", "..", "docs");
const sections = coverageSections(await readFile(join(docs, "coverage.md"), "utf8"));

describe("docs/coverage.md", () => {
  test("has the tables of issuer-lib and of cert-manager's checklist", () => {
    expect(sections.length).toBeGreaterThanOrEqual(24);
    expect(sections.flatMap(({ rows }) => rows).length).toBeGreaterThanOrEqual(180);
  });

  test.each(sections.map((section) => [section.heading, section] as const))(
    "%s: has as many rows as its heading says, and every test of them exists",
    async (_, { count, rows }) => {
      expect(rows).toHaveLength(count);
      const lost: string[] = [];
      for (const { text, tests, note } of rows) {
        if (tests.length === 0) expect(note, text).toMatch(/^(Not applicable|Missing): /);
        for (const { title, path } of tests) {
          const source = await readFile(join(docs, path), "utf8").catch(() => "");
          if (!hasTitle(source, title)) lost.push(`${path}: ${title}`);
        }
      }
      expect(lost).toEqual([]);
    },
  );
});

describe("hasTitle", () => {
  test.each([
    ['test("a case", () => {})', true],
    ["test('a case', () => {})", true],
    ["test(`a case`, () => {})", true],
    ['["a case", {}]', true],
    ['test("a case and more", () => {})', false],
    ["// a case", false],
  ])("in %s", (source, expected) => {
    expect(hasTitle(source, "a case")).toBe(expected);
  });
});
