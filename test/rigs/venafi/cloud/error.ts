import { Refused } from "../answer.ts";

/** The numbers that published clients, their fixtures and their users' reports name. */
export const knownCodes = Object.freeze({
  noApiKey: 10501,
  notFound: 10051,
  badCsr: 10702,
  badComponent: 10726,
  sanType: 10733,
  noSuchAlias: 20216,
});

/** Numbers of this simulator, where no source has the product's: none of them is below 90000. */
export const ownCodes = Object.freeze({
  badRequest: 90001,
  policy: 90002,
  notSigned: 90003,
  notInInventory: 90004,
  unauthorized: 90005,
  unsupported: 90006,
  issuance: 90007,
});

/** One entry of `errors`. */
export interface CloudErrorEntry {
  readonly code: number;
  readonly message: string;
  readonly args: readonly string[];
}

/** An error in the SaaS's form. */
export function cloudError(
  status: number,
  code: number,
  message: string,
  args: readonly string[] = [],
): Refused {
  return cloudErrors(status, [{ code, message, args }]);
}

/** Several at once. */
export function cloudErrors(status: number, errors: readonly CloudErrorEntry[]): Refused {
  return new Refused({ status, json: { errors } });
}
