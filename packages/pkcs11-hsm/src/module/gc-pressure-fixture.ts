import { createPublicKey } from "node:crypto";
import type { OpenRequest } from "../protocol.ts";
import { verifyTokenSignature } from "../verify-signature.ts";
import { loadCryptoki } from "./cryptoki.ts";
import { hashMessage } from "./mechanisms.ts";
import { TokenHost } from "./token-host.ts";

// For tests, run with --expose-gc: signs while memory is allocated and collected around each signature, and prints how
// many signatures do not verify. With what pkcs11js gives by itself (its issue 121) many do not.
const { count, messageBytes, ...request } = JSON.parse(process.argv[2] ?? "{}") as OpenRequest & {
  readonly count: number;
  readonly messageBytes: number;
};
const collect = (globalThis as { readonly gc?: () => void }).gc;
if (collect === undefined) throw new Error("run with --expose-gc");
const host = new TokenHost(await loadCryptoki(request.modulePath), request);
const { algorithm, spki, input } = await host.open();
const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
let bad = 0;
let next = 0;

async function signInTurn(): Promise<void> {
  while (next < count) {
    next += 1;
    const message = Buffer.alloc(messageBytes, next);
    const signing = host.sign(input === "digest" ? hashMessage(algorithm, message) : Buffer.from(message));
    if (next % 4 === 0) collect?.();
    // Takes the memory that a collected buffer would have left.
    for (let i = 0; i < 20; i += 1) Buffer.alloc(messageBytes, 0xaa);
    if (!verifyTokenSignature(algorithm, publicKey, message, await signing)) bad += 1;
  }
}

await Promise.all(Array.from({ length: 64 }, signInTurn));
await host.close();
process.stdout.write(JSON.stringify({ signatures: next, bad }));
