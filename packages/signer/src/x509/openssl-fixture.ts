import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** For tests: the openssl command line in a folder of its own, the independent oracle of this toolkit. */
export class OpensslFixture implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "countersign-x509-"));

  /** Runs openssl in the folder and answers its standard output. Throws with its standard error. */
  run(...args: readonly string[]): string {
    return execFileSync("openssl", args, {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  write(file: string, content: string | Uint8Array): string {
    writeFileSync(join(this.folder, file), content);
    return file;
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
