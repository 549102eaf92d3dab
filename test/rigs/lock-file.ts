import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 500;

/**
 * Takes an exclusive lock between processes of this machine; resolves to the function that releases it.
 * A lock whose owner no longer runs is taken over. `onWait` is called once if the lock is held.
 */
export async function lockFile(path: string, onWait: () => void): Promise<() => Promise<void>> {
  const claim = `${path}.${randomUUID()}`;
  await writeFile(claim, String(process.pid));
  try {
    for (let waited = false; ; await delay(POLL_MS)) {
      // link(2) creates the lock with its content in one step, so a lock never lacks its owner's pid.
      const taken = await link(claim, path).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return false;
          throw error;
        },
      );
      if (taken) return () => rm(path, { force: true });
      const owner = Number(await readFile(path, "utf8").catch(() => process.pid));
      if (!isRunning(owner)) await rm(path, { force: true });
      else if (!waited) {
        waited = true;
        onWait();
      }
    }
  } finally {
    await rm(claim, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
