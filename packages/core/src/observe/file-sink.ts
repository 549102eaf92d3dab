import { type FileHandle, open } from "node:fs/promises";
import type { LineSink } from "./line-sink.ts";

/** Who asked for what is nobody else's business. */
const mode = 0o600;

/**
 * Appends to a file, which is created for its owner alone. After a write that was cut, as by a full disk, the next one
 * begins on a line of its own.
 *
 * @throws what `open` throws
 */
export async function fileSink(path: string): Promise<LineSink> {
  let handle: FileHandle = await open(path, "a", mode);
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
      const next = await open(path, "a", mode);
      const old = handle;
      handle = next;
      torn = false;
      await old.close();
    },
    close: () => handle.close(),
  };
}
