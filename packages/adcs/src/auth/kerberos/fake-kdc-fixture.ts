import { randomBytes } from "node:crypto";
import { type Duplex, duplexPair } from "node:stream";
import {
  type DerElement,
  derOctetString,
  derSequence,
  readDer,
  readSequence,
} from "@countersign/issuer-signer/der";
import { type EncryptionType, encryptionTypes, type KerberosKey, keyUsages } from "./encryption-type.ts";
import { kdcMessages, paTypes } from "./kdc-request.ts";
import { type Dial, Kdcs, type KdcsOptions } from "./kdcs.ts";
import {
  application,
  applicationNumber,
  derEncrypted,
  derFlags,
  derInteger,
  derKerberosTime,
  derString,
  fieldSequence,
  readApplication,
  readEncrypted,
  readFields,
  readInteger,
  readKerberosTime,
  readOctets,
  readString,
} from "./kerberos-der.ts";
import { krbCodes } from "./krb-error.ts";
import { derName, nameText, type PrincipalName, readName, ticketService } from "./principal.ts";

/** For tests: how a KDC of {@link fakeKdcs} behaves. */
export interface FakeKdcOptions {
  readonly realm?: string;
  readonly password?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Life of its tickets in milliseconds. */
  readonly lifeMs?: number;
  /** The realm that it refers to for a service. */
  readonly refer?: (service: string) => string | undefined;
  /** An error instead of an answer to the nth message, from 0. */
  readonly error?: (message: number) => { readonly code: number; readonly realm?: string } | undefined;
  readonly nonceOffset?: number;
  readonly sessionEtype?: number;
  /** What it says of how the key is made of the password; it makes it with one iteration. */
  readonly iterations?: number;
  /** What leaves instead of its answer. */
  readonly tamper?: (answer: Buffer) => Uint8Array;
}

const type = encryptionTypes[0] as EncryptionType;
const sessionKey = { etype: type, value: randomBytes(type.keyBytes) };

/** For tests: the key of every ticket and session that the fake KDC gives. */
export const fakeSessionKey: KerberosKey = sessionKey;

/** For tests: a KDC made of this package's own codecs, in memory. What proves these is MIT's KDC, in the real tier. */
export class FakeKdc {
  readonly messages: string[] = [];
  readonly #options: FakeKdcOptions;

  constructor(options: FakeKdcOptions = {}) {
    this.#options = options;
  }

  async answer(bytes: Buffer): Promise<Uint8Array> {
    const { realm = "CORP.TEST", error, tamper = (answer) => answer } = this.#options;
    const element = readDer(bytes, "request");
    const isAs = applicationNumber(element) === kdcMessages.asRequest;
    const fields = readFields(readApplication(element, isAs ? 10 : 12, "request"), "request");
    const body = readFields(fields.get(4), "body");
    const service = readName(body.get(3), "service");
    const failure = error?.(this.messages.length);
    this.messages.push(`${isAs ? "AS" : "TGS"} ${nameText(service)}`);
    const nonce = readInteger(body.get(7), "nonce") + (this.#options.nonceOffset ?? 0);
    if (failure !== undefined) return tamper(this.#error(failure.code, undefined, failure.realm));
    if (!isAs) {
      const refer = this.#options.refer?.(nameText(service));
      const given = refer === undefined ? service : ticketService(refer);
      return tamper(
        this.#reply(kdcMessages.tgsReply, { given, nonce, key: sessionKey, usage: keyUsages.tgsReply }),
      );
    }
    const key = await this.#userKey();
    const verdict = this.#preauth(fields.get(3), key);
    if (verdict !== undefined) return tamper(verdict);
    const given = ticketService(realm);
    return tamper(this.#reply(kdcMessages.asReply, { given, nonce, key, usage: keyUsages.asReply }));
  }

  async #userKey(): Promise<KerberosKey> {
    const { password = "secret" } = this.#options;
    return { etype: type, value: await type.stringToKey(password, Buffer.from("salt"), countOf(1)) };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #preauth(paData: DerElement | undefined, { etype, value }: KerberosKey): Buffer | undefined {
    const sent =
      paData === undefined ? [] : readSequence(paData, "padata").map((entry) => readFields(entry, "padata"));
    const stamp = sent
      .find((entry) => readInteger(entry.get(1), "type") === paTypes.encryptedTimestamp)
      ?.get(2);
    const parameters = countOf(this.#options.iterations ?? 1);
    const info = fieldSequence({
      0: derInteger(type.number),
      1: derString("salt"),
      2: derOctetString(parameters),
    });
    const entry = (number: number, content: Uint8Array) =>
      fieldSequence({ 1: derInteger(number), 2: derOctetString(content) });
    const methods = derSequence(
      entry(paTypes.etypeInfo2, derSequence(info)),
      entry(paTypes.fxCookie, Buffer.from("c")),
    );
    if (stamp === undefined) return this.#error(krbCodes.preauthRequired, methods);
    const { cipher } = readEncrypted(readDer(readOctets(stamp, "stamp"), "stamp"), "stamp");
    try {
      const plain = readFields(
        readDer(etype.decrypt(value, keyUsages.paTimestamp, cipher), "stamp"),
        "stamp",
      );
      const off = Math.abs(readKerberosTime(plain.get(0), "stamp") - this.#now());
      return off > 300_000 ? this.#error(krbCodes.skew) : undefined;
    } catch {
      return this.#error(krbCodes.preauthFailed);
    }
  }

  #error(code: number, data?: Uint8Array, clientRealm?: string): Buffer {
    const { realm = "CORP.TEST" } = this.#options;
    const content = fieldSequence({
      0: derInteger(5),
      1: derInteger(30),
      4: derKerberosTime(this.#now()),
      5: derInteger(0),
      6: derInteger(code),
      7: clientRealm === undefined ? undefined : derString(clientRealm),
      9: derString(realm),
      10: derName(ticketService(realm)),
      12: data === undefined ? undefined : derOctetString(data),
    });
    return Buffer.from(application(30, content));
  }

  #reply(
    message: number,
    { given, nonce, key, usage }: { given: PrincipalName; nonce: number; key: KerberosKey; usage: number },
  ): Buffer {
    const { realm = "CORP.TEST", lifeMs = 36_000_000, sessionEtype = type.number } = this.#options;
    const secret = fieldSequence({
      0: fieldSequence({ 0: derInteger(sessionEtype), 1: derOctetString(sessionKey.value) }),
      1: derSequence(),
      2: derInteger(nonce),
      4: derFlags(0),
      5: derKerberosTime(this.#now()),
      7: derKerberosTime(this.#now() + lifeMs),
      9: derString(realm),
      10: derName(given),
    });
    const ticket = fieldSequence({
      0: derInteger(5),
      1: derString(realm),
      2: derName(given),
      3: derEncrypted(type.number, randomBytes(40)),
    });
    const number = message === kdcMessages.asReply ? 25 : 26;
    const content = fieldSequence({
      0: derInteger(5),
      1: derInteger(message),
      3: derString(realm),
      4: derName({ type: 1, parts: ["svc"] }),
      5: application(1, ticket),
      6: derEncrypted(type.number, key.etype.encrypt(key.value, usage, application(number, secret))),
    });
    return Buffer.from(application(message, content));
  }
}

/** s2kparams of RFC 3962 §4. */
function countOf(iterations: number): Buffer {
  const parameters = Buffer.alloc(4);
  parameters.writeUInt32BE(iterations);
  return parameters;
}

/** For tests: connections to a KDC at each host and port, and none elsewhere. */
export function dialTo(kdcs: Readonly<Record<string, (bytes: Buffer) => Promise<Uint8Array>>>): Dial {
  return async (host, port) => {
    const answer = kdcs[`${host}:${port}`];
    if (answer === undefined) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const [client, server] = duplexPair();
    void serve(server, answer);
    return client;
  };
}

async function serve(server: Duplex, answer: (bytes: Buffer) => Promise<Uint8Array>): Promise<void> {
  server.on("error", () => {});
  server.once("data", async (chunk: Buffer) => {
    const message = await answer(chunk.subarray(4));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(message.length);
    server.end(Buffer.concat([length, message]));
  });
}

/** For tests: the KDCs of these realms, each at `realm:88`. */
export function fakeKdcs(kdcs: Readonly<Record<string, FakeKdc>>, options: Partial<KdcsOptions> = {}): Kdcs {
  const served = Object.entries(kdcs).map(([realm, kdc]) => [
    `${realm.toLowerCase()}:88`,
    (bytes: Buffer) => kdc.answer(bytes),
  ]);
  const servers = Object.fromEntries(Object.keys(kdcs).map((realm) => [realm, [realm.toLowerCase()]]));
  return new Kdcs({ servers, dial: dialTo(Object.fromEntries(served)), ...options });
}

/** For tests: what a service reads of an InitialContextToken, and its answer. */
export function readFakeLogin(token: Uint8Array): {
  readonly checksum: Buffer;
  readonly client: string;
  readonly time: number;
  /** DER of the AuthorizationData. */
  readonly authorization: Uint8Array | undefined;
  reply(change?: { readonly time?: number; readonly key?: KerberosKey }): Uint8Array;
} {
  const message = Buffer.from(token).subarray(Buffer.from(token).indexOf(Uint8Array.of(1, 0, 0x6e)) + 2);
  const request = readFields(readApplication(readDer(message, "AP-REQ"), 14, "AP-REQ"), "AP-REQ");
  const { cipher } = readEncrypted(request.get(4), "authenticator");
  const plain = type.decrypt(sessionKey.value, keyUsages.apAuthenticator, cipher);
  const fields = readFields(
    readApplication(readDer(plain, "authenticator"), 2, "authenticator"),
    "authenticator",
  );
  const checksum = readFields(fields.get(3), "checksum");
  const time = readKerberosTime(fields.get(5), "time") * 1000 + readInteger(fields.get(4), "time");
  return {
    checksum: Buffer.from(readOctets(checksum.get(1), "checksum")),
    client: `${nameText(readName(fields.get(2), "client"))}@${readString(fields.get(1), "realm")}`,
    time,
    authorization: fields.get(8)?.der,
    reply({ time: said = time, key = sessionKey } = {}) {
      const proof = fieldSequence({
        0: derKerberosTime(Math.floor(said / 1000)),
        1: derInteger(said % 1_000_000),
      });
      const sealed = key.etype.encrypt(key.value, keyUsages.apReply, application(27, proof));
      const content = fieldSequence({
        0: derInteger(5),
        1: derInteger(15),
        2: derEncrypted(key.etype.number, sealed),
      });
      return application(15, content);
    },
  };
}
