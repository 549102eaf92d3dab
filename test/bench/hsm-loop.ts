import { CKF, CKU } from "../../packages/pkcs11-hsm/src/module/constants.ts";
import { initialize, loadCryptoki } from "../../packages/pkcs11-hsm/src/module/cryptoki.ts";
import { findKey } from "../../packages/pkcs11-hsm/src/module/find-key.ts";
import { findToken } from "../../packages/pkcs11-hsm/src/module/find-token.ts";

// Started by hsm.ts: what p11-bench.c does, in one thread of Node. Inside Node a module that wants OpenSSL gets Node's own,
// which may be faster or slower than the system's: only this loop runs the same cryptography as the issuer.
const [modulePath = "", label = "", pin = "", key = "", mechanism = "", bytes = "", , seconds = ""] =
  process.argv.slice(2);
const cryptoki = await loadCryptoki(modulePath);
initialize(cryptoki, undefined);
const { slot } = findToken(cryptoki, { label });
const session = cryptoki.C_OpenSession(slot, CKF.SERIAL_SESSION);
cryptoki.C_Login(session, CKU.USER, pin);
const { handle } = findKey(cryptoki, session, { label: key });
const input = Buffer.alloc(Number(bytes));
const signature = Buffer.alloc(1024);
// C_Sign is not among the calls that the package makes: it signs in threads.
const { C_Sign } = cryptoki as unknown as { C_Sign(session: Buffer, input: Buffer, out: Buffer): Buffer };
const before = process.cpuUsage();
const started = performance.now();
let count = 0;
while (performance.now() - started < Number(seconds) * 1000) {
  cryptoki.C_SignInit(session, { mechanism: Number(mechanism) }, handle);
  C_Sign.call(cryptoki, session, input, signature);
  count += 1;
}
const { user, system } = process.cpuUsage(before);
const round = { count, seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
process.stdout.write(JSON.stringify(round));
