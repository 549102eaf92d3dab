import { z } from "zod";
import { readBody, type SimulatorCall } from "../answer.ts";
import { refused } from "./objects.ts";

/** A text; the vendor's clients send null for one that they have not. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** A number, also as text. */
export const number = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number), z.literal("").transform(() => 0)])
  .nullish()
  .transform((value) => value ?? 0);

/** A truth value, also as the text that the Python client sends. */
export const flag = z
  .union([z.boolean(), z.string().transform((value) => value.toLowerCase() === "true")])
  .nullish()
  .transform((value) => value ?? false);

/** A list that may be missing or null. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
}

/** Reads the body of a WebSDK call. */
export function sdkBody<Schema extends z.ZodType>(schema: Schema, call: SimulatorCall): z.output<Schema> {
  return readBody(schema, call, (problem) => refused(`Invalid request: ${problem}`));
}
