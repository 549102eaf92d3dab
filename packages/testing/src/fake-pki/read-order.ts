import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { OrderRequest } from "./order-book.ts";

const maxBodyBytes = 256 * 1024;

const order = z.object({
  csr: z.string(),
  key: z.string().optional(),
  durationSeconds: z.number().positive().optional(),
  isCA: z.boolean().optional(),
  usages: z.array(z.string()).optional(),
});

/** The order in the body of a call; undefined where there is none that can be read. Rejects when the client goes away. */
export async function readOrder(request: IncomingMessage, caller: string): Promise<OrderRequest | undefined> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > maxBodyBytes) return undefined;
  }
  try {
    return { ...order.parse(JSON.parse(body)), caller };
  } catch {
    return undefined;
  }
}
