import type { ContractContext } from "./contract-context.ts";

/** One named piece of Kubernetes API behaviour. */
export interface ContractCase {
  readonly name: string;
  /** Talks to the server and asserts; what it returns is compared between servers beside every exchange. */
  readonly run: (t: ContractContext) => Promise<unknown>;
}

/** Cases of one part of the API. */
export interface ContractArea {
  readonly name: string;
  readonly cases: readonly ContractCase[];
}

/** Names one piece of behaviour; the name is unique within the suite. */
export function contractCase(name: string, run: ContractCase["run"]): ContractCase {
  return { name, run };
}

/** Groups cases under the part of the API they are about. */
export function contractArea(name: string, cases: readonly ContractCase[]): ContractArea {
  return { name, cases };
}
