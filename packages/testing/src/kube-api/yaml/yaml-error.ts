/** A text that is not YAML, or not of the part of it that this reader knows. */
export class YamlError extends Error {
  /** Counts lines from 1. */
  constructor(line: number, problem: string) {
    super(`yaml: line ${line}: ${problem}`);
    this.name = "YamlError";
  }
}
