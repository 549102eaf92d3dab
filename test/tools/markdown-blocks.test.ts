import { expect, test } from "vitest";
import { markdownBlocks } from "./markdown-blocks.ts";

const page = `# Title
\`\`\`sh by-hand
# not a heading
one
\`\`\`
## Part
text
\`\`\`
two

\`\`\`
`;

test("finds the blocks with their language, marks, section and line", () => {
  expect(markdownBlocks(page)).toEqual([
    { language: "sh", marks: ["by-hand"], text: "# not a heading\none\n", section: "Title", line: 2 },
    { language: "", marks: [], text: "two\n\n", section: "Part", line: 8 },
  ]);
});

test("refuses a page that ends within a block", () => {
  expect(() => markdownBlocks("```sh\nx\n")).toThrow("the block of line 1 is not closed");
});
