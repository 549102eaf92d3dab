import { open } from "node:fs/promises";
import type { AuditEvent } from "../rigs/audit-log.ts";
import type { LoggedRequest } from "./target.ts";

/** Reads an audit log as it grows, each byte once. */
export class AuditTail {
  readonly #path: string;
  readonly #requests = new Map<string, LoggedRequest>();
  #offset = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Every request so far, one entry each, in the order in which they were first logged. */
  async read(): Promise<readonly LoggedRequest[]> {
    this.#reading = this.#reading.then(() => this.#readMore());
    await this.#reading;
    return [...this.#requests.values()];
  }

  async #readMore(): Promise<void> {
    const file = await open(this.#path, "r");
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(size - this.#offset);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
      // A last line that is still being written is left for the next time.
      const end = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
      this.#offset += end;
      const lines = buffer.toString("utf8", 0, end).split("\n");
      for (const line of lines) if (line !== "") this.#add(JSON.parse(line) as AuditEvent);
    } finally {
      await file.close();
    }
  }

  /** A watch is logged twice, when it begins and when it ends: the end is dropped. */
  #add({ auditID, verb, user, objectRef = {}, responseStatus }: AuditEvent): void {
    if (this.#requests.has(auditID)) return;
    const { apiGroup = "", resource = "", subresource = "", namespace = "", name = "" } = objectRef;
    this.#requests.set(auditID, {
      user: user.username,
      verb,
      group: apiGroup,
      resource,
      subresource,
      namespace,
      name,
      code: responseStatus?.code ?? 0,
    });
  }
}
