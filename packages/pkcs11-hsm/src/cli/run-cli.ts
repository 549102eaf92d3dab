import { parseArgs } from "node:util";
import { ceremonyCsr } from "./ceremony-csr.ts";
import { ceremonyImport } from "./ceremony-import.ts";
import { ceremonyKeygen } from "./ceremony-keygen.ts";
import { ceremonySelfSign } from "./ceremony-self-sign.ts";
import { ceremonyShow } from "./ceremony-show.ts";
import { ceremonySign } from "./ceremony-sign.ts";
import type { Command, CommandContext, OptionValues } from "./command-context.ts";
import { crl } from "./crl.ts";
import { UsageError } from "./usage-error.ts";

const commands: readonly Command[] = [
  ceremonyKeygen,
  ceremonySelfSign,
  ceremonyCsr,
  ceremonySign,
  ceremonyImport,
  ceremonyShow,
  crl,
];

/** What a run of the program takes beside its arguments. */
export interface CliContext extends CommandContext {
  /** Prints on standard error. */
  readonly complain: (line: string) => void;
  /** How the program is called, for its help. */
  readonly program: string;
}

/**
 * Runs one command. Resolves to the exit code: 0 done, 1 failed, 2 called wrongly. Failures are one line on standard error,
 * without a PIN.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<0 | 1 | 2> {
  const { program, print, complain } = context;
  const command = commands.find(({ name }) => {
    const words = name.split(" ");
    return words.every((word, i) => argv[i] === word);
  });
  try {
    if (command === undefined) {
      const [first] = argv;
      if (first === undefined || first === "--help" || first === "-h" || first === "help") {
        print(overview(program));
        return first === undefined ? 2 : 0;
      }
      throw new UsageError(`there is no command ${JSON.stringify(argv.slice(0, 2).join(" "))}`);
    }
    const values = parse(command, argv.slice(command.name.split(" ").length));
    if (values.help === true) print(`Usage: ${program} ${command.help.trimEnd()}`);
    else await command.run(values, context);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof UsageError)) {
      complain(message);
      return 1;
    }
    complain(`${message}. See: ${program} ${command === undefined ? "" : `${command.name} `}--help`);
    return 2;
  }
}

function parse(command: Command, args: readonly string[]): OptionValues {
  try {
    const help = { type: "boolean", short: "h" } as const;
    return parseArgs({ args: [...args], options: { ...command.options, help } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error));
  }
}

function overview(program: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `Usage: ${program} COMMAND [options]`,
    "",
    "CA keys in PKCS#11 tokens: the key ceremony and revocation lists.",
    "",
    ...lines,
    "",
    `"${program} COMMAND --help" has the options of each.`,
  ].join("\n");
}
