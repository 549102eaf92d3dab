import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readmeExamples } from "./readme-examples.ts";

const fence = "```";

test("finds every TypeScript block with the file that its first line names", () => {
  const markdown = [
    `# Title`,
    `${fence}ts\n// acme.ts: the definition\nexport const a = 1;\n${fence}`,
    `${fence}sh\nnode main.ts\n${fence}`,
    `${fence}ts\n// main.ts\nimport "./acme.ts";\n${fence}`,
  ].join("\n\n");
  expect(readmeExamples(markdown)).toEqual([
    { file: "acme.ts", source: "// acme.ts: the definition\nexport const a = 1;\n" },
    { file: "main.ts", source: '// main.ts\nimport "./acme.ts";\n' },
  ]);
});

test("refuses a block that does not name its file", () => {
  expect(() => readmeExamples(`${fence}ts\nexport const a = 1;\n${fence}`)).toThrow(
    "got: export const a = 1;",
  );
});

test("refuses a README without an example", () => {
  expect(() => readmeExamples(`${fence}sh\nnode main.ts\n${fence}`)).toThrow("no TypeScript example");
});

test("core's README shows the example issuer as it is", async () => {
  const readme = await readFile(new URL("../../packages/core/README.md", import.meta.url), "utf8");
  const [definition] = readmeExamples(readme);
  const example = await readFile(new URL("../../examples/http-pki/src/acme.ts", import.meta.url), "utf8");
  expect(definition?.source.replace(/^.*\n/, "")).toBe(example);
});
