import { spawn } from "node:child_process";
import { once } from "node:events";

/** For tests: a PKCS#12 file by openssl, in the old encryption that Go's `x/crypto/pkcs12` can read. */
export async function opensslPkcs12(options: {
  readonly cert: string;
  readonly key: string;
  readonly password: string;
  readonly file: string;
}): Promise<void> {
  const { cert, key, password, file } = options;
  const old = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"];
  const args = ["pkcs12", "-export", ...old, "-passout", `pass:${password}`, "-out", file];
  const openssl = spawn("openssl", args, { stdio: ["pipe", "ignore", "inherit"] });
  openssl.stdin.end(key + cert);
  const [code] = await once(openssl, "exit");
  if (code !== 0) throw new Error(`openssl pkcs12 ended with ${code}`);
}
