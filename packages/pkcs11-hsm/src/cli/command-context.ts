/** The process that a command runs in, or what stands for it in a test. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints one line on standard output. */
  readonly print: (line: string) => void;
  /** Asks a person without showing the answer; undefined where there is none to ask. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  readonly now: () => Date;
}

/** Parsed options of one command, by their names. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** One command of the program. */
export interface Command {
  /** Such as `ceremony keygen`. */
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** The text after `Usage:`. */
  readonly help: string;
  /** Options beside `--help`; a value is wanted unless `boolean`. */
  readonly options: Readonly<
    Record<string, { readonly type: "string" | "boolean"; readonly multiple?: boolean }>
  >;
  run(values: OptionValues, context: CommandContext): Promise<void>;
}
