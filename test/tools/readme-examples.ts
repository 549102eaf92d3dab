/** One example of a README. */
export interface ReadmeExample {
  /** File name from the example's first line, such as `acme.ts`. */
  readonly file: string;
  readonly source: string;
}

const block = /^```ts\n([\s\S]*?)^```$/gm;
const fileLine = /^\/\/ ([a-z0-9-]+(?:\.test)?\.ts)\b/;

/**
 * The TypeScript blocks of a README, in order. Each must begin with a comment that names its file, so that one block
 * can import another.
 *
 * @throws Error for a block without that line, and for a README without blocks.
 */
export function readmeExamples(markdown: string): ReadmeExample[] {
  const sources = [...markdown.matchAll(block)].map((match) => match[1] ?? "");
  if (sources.length === 0) throw new Error("the README has no TypeScript example");
  return sources.map((source) => {
    const file = fileLine.exec(source)?.[1];
    if (file === undefined) {
      throw new Error(
        `a README example must begin with a line such as "// acme.ts", got: ${source.split("\n")[0]}`,
      );
    }
    return { file, source };
  });
}
