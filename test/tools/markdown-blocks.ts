/** A fenced code block of a Markdown page. */
export interface MarkdownBlock {
  /** First word after the fence, such as `sh`; empty where there is none. */
  readonly language: string;
  /** The other words after the fence. */
  readonly marks: readonly string[];
  readonly text: string;
  /** Title of the section that it is in, without the number signs. */
  readonly section: string;
  /** Line of its first fence, from 1. */
  readonly line: number;
}

/** The fenced code blocks of a page, in order. Throws where the last one is not closed. */
export function markdownBlocks(markdown: string): readonly MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  let section = "";
  let open: { language: string; marks: string[]; line: number; text: string[] } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (open) {
      if (line !== "```") open.text.push(line);
      else {
        blocks.push({ ...open, text: `${open.text.join("\n")}\n`, section });
        open = undefined;
      }
    } else if (line.startsWith("```")) {
      const [language = "", ...marks] = line.slice(3).trim().split(/\s+/);
      open = { language, marks, line: index + 1, text: [] };
    } else section = /^#+ (.*)$/.exec(line)?.[1] ?? section;
  }
  if (open) throw new Error(`the block of line ${open.line} is not closed`);
  return blocks;
}
