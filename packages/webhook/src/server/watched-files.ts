import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Clock, systemClock } from "@countersign/issuer-signer";

/** A file that is watched. */
export interface WatchedFile {
  readonly path: string;
  /** Whether it may be missing. */
  readonly optional?: boolean | undefined;
}

/** What is in the files, by their names; undefined for one that is missing and may be. */
export type FileContents = Readonly<Record<string, Buffer | undefined>>;

/** What {@link WatchedFiles} needs. */
export interface WatchedFilesOptions {
  /** By names of your own. */
  readonly files: Readonly<Record<string, WatchedFile>>;
  /** Uses the contents. What it throws makes the old ones stay in use, and is told to `onProblem`. */
  readonly use: (contents: FileContents) => Promise<void> | void;
  /** How often the files are looked at, in milliseconds; 5,000 unless given. */
  readonly everyMs?: number | undefined;
  /** Told that files which have changed cannot be used: once for each change. */
  readonly onProblem: (error: unknown) => void;
  /** Told that files which have changed are in use. */
  readonly onChange?: (() => void) | undefined;
  readonly clock?: Pick<Clock, "after"> | undefined;
}

/**
 * Files that may be replaced while they are used, such as those of a mounted Secret. They are read again and again, since
 * the kubelet changes a link above them and file systems tell of that in ways of their own.
 */
export class WatchedFiles {
  readonly #options: WatchedFilesOptions;
  readonly #clock: Pick<Clock, "after">;
  #used = "";
  #failed = "";
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: WatchedFilesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Reads the files and uses them once; rejects where that fails. Then watches until {@link close}. */
  static async start(options: WatchedFilesOptions): Promise<WatchedFiles> {
    const files = new WatchedFiles(options);
    const contents = await readAll(options.files);
    await options.use(contents);
    files.#used = digest(contents);
    files.#schedule();
    return files;
  }

  /** Looks now, such as on SIGHUP. Never rejects. */
  look(): Promise<void> {
    this.#running = this.#running.then(() => this.#look());
    return this.#running;
  }

  /** Looks no more; resolves when a look that is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#running;
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#clock.after(this.#options.everyMs ?? 5_000, () => {
      void this.look().then(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    let seen = "unreadable";
    try {
      const contents = await readAll(this.#options.files);
      seen = digest(contents);
      if (seen === this.#used) return;
      await this.#options.use(contents);
      this.#used = seen;
      this.#failed = "";
      this.#options.onChange?.();
    } catch (error) {
      if (seen !== this.#failed) this.#options.onProblem(error);
      this.#failed = seen;
    }
  }
}

async function readAll(files: Readonly<Record<string, WatchedFile>>): Promise<FileContents> {
  const entries = Object.entries(files).map(async ([name, file]) => [name, await read(file)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function read({ path, optional = false }: WatchedFile): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (optional && code === "ENOENT") return undefined;
    throw new Error(
      `${path} cannot be read (${code}). Check the path, and the Secret that is mounted there.`,
      {
        cause: error,
      },
    );
  }
}

function digest(contents: FileContents): string {
  const texts = Object.entries(contents).map(([name, bytes]) => [name, bytes?.toString("base64")]);
  return createHash("sha256").update(JSON.stringify(texts)).digest("base64url");
}
