import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { runCli } from "@countersign/issuer-pkcs11-hsm/commands";
import { runDemo } from "@countersign/issuer-testing";
import { hsmIssuer } from "./hsm.ts";
import { makeToken, softHsmModule } from "./soft-hsm.ts";

async function demo(): Promise<void> {
  const modulePath = softHsmModule(process.env.SOFTHSM2_MODULE);
  await runDemo({
    name: "hsm",
    definition: hsmIssuer({ modules: [{ path: modulePath }] }),
    async prepare() {
      const pin = String(randomInt(100_000_000, 999_999_999));
      const token = await makeToken("demo", pin);
      // For the module here, and in the processes that the issuer starts.
      process.env.SOFTHSM2_CONF = token.configuration;
      const at = (file: string) => join(token.folder, file);
      await writeFile(at("pin"), pin, { mode: 0o600 });
      const where = ["--module", modulePath, "--token", "demo", "--pin-file", at("pin")];
      await ceremony("keygen", "--type", "ec:p384", "--label", "ca", "--id", "01", ...where);
      const root = ["--subject", "O=Countersign,CN=Countersign Demo HSM CA", "--days", "3650"];
      await ceremony("self-sign", ...root, "--label", "ca", "--out", at("ca.crt"), ...where);
      const certificate = await readFile(at("ca.crt"), "utf8");
      return {
        spec: {
          tokens: [{ uri: "pkcs11:token=demo;object=ca;id=%01" }],
          pinSecretRef: { name: "hsm-pin" },
          certificate: { inline: certificate },
        },
        secrets: { "hsm-pin": { pin } },
        notes: [
          "made a SoftHSM token, and in it a P-384 key that cannot be exported (countersign-hsm ceremony keygen)",
          "self-signed the CA certificate with it (countersign-hsm ceremony self-sign)",
          "put the PIN into the Secret default/hsm-pin",
        ],
        async verify({ certificate: issued }) {
          await writeFile(at("tls.crt"), issued);
          const verify = ["verify", "-x509_strict", "-CAfile", at("ca.crt"), at("tls.crt")];
          const { stdout } = await promisify(execFile)("openssl", verify);
          return `openssl verify, with the CA certificate of the ceremony: ${stdout.trim().split(": ").at(-1)}`;
        },
        [Symbol.asyncDispose]: () => token[Symbol.asyncDispose](),
      };
    },
  });
}

async function ceremony(...args: readonly string[]): Promise<void> {
  const complaints: string[] = [];
  const code = await runCli(["ceremony", ...args], {
    program: "countersign-hsm",
    env: process.env,
    print: () => {},
    complain: (line) => void complaints.push(line),
    askSecret: undefined,
    now: () => new Date(),
  });
  if (code !== 0) throw new Error(complaints.join("\n"));
}

try {
  await demo();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
