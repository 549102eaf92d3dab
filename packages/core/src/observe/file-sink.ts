import { open } from "node:fs/promises";
import type { LineSink } from "./line-sink.ts";

/** Who asked for what is nobody else's business. */
const mode = 0o600;

/** The part of a file handle that a sink uses. */
export interface AppendHandle {
  write(bytes: Uint8Array, offset: number): Promise<{ readonly bytesWritten: number }>;
  close(): Promise<void>;
}

const openToAppend = (path: string): Promise<AppendHandle> => open(path, "a", mode);

/**
 * Appends to a file, which is created for its owner alone. After a write that was cut, as by a full disk, the next one
 * begins on a line of its own.
 *
 * @throws what `open` throws
 */
export async function fileSink(path: string, openFile = openToAppend): Promise<LineSink> {
  let handle = await openFile(path);
  let torn = false;
  return {
    async write(text) {
      const bytes = Buffer.from(torn ? `\n${text}` : text);
      let done = 0;
      try {
        while (done < bytes.length) done += (await handle.write(bytes, done)).bytesWritten;
        torn = false;
      } catch (error) {
        if (done > 0) torn = true;
        throw error;
      }
    },
    async reopen() {
      const next = await openFile(path);
      const old = handle;
      handle = next;
      torn = false;
      await old.close();
    },
    close: () => handle.close(),
  };
}
