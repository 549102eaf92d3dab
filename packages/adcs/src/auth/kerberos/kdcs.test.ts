import { duplexPair } from "node:stream";
import { IssuerError, RetryableError } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { dialTo, FakeKdc } from "./fake-kdc-fixture.ts";
import { derRequestBody, kdcMessages, kdcRequest } from "./kdc-request.ts";
import { type Dial, Kdcs, type KdcsOptions } from "./kdcs.ts";
import { ticketService } from "./principal.ts";

const realm = "CORP.TEST";
const forever = new AbortController().signal;
const request = kdcRequest(
  kdcMessages.asRequest,
  derRequestBody({
    client: { type: 1, parts: ["svc"] },
    realm,
    service: ticketService(realm),
    till: 0,
    nonce: 1,
    etypes: [18],
  }),
  [],
);

function ask(options: KdcsOptions, signal = forever) {
  return new Kdcs(options).exchange(realm, request, kdcMessages.asReply, signal);
}

/** Notes whom it is asked to connect to. */
function noting(dial: Dial): { readonly dial: Dial; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    dial: (host, port, options) => {
      asked.push(`${host}:${port}`);
      return dial(host, port, options);
    },
  };
}

const kdc = new FakeKdc();
const answer = (bytes: Buffer) => kdc.answer(bytes);
const busy = new FakeKdc({ error: () => ({ code: 29 }) });

test("asks the KDCs in their order, and later the one that answered first", async () => {
  const { dial, asked } = noting(
    dialTo({ "b:1088": (bytes) => busy.answer(bytes), "2001:db8::1:88": answer }),
  );
  const kdcs = new Kdcs({ servers: { "corp.test": ["a", "b:1088", "[2001:db8::1]:88", "d"] }, dial });
  for (let count = 0; count < 2; count += 1)
    expect(await kdcs.exchange(realm, request, kdcMessages.asReply, forever)).toMatchObject({ code: 25 });
  expect(asked).toEqual(["a:88", "b:1088", "2001:db8::1:88", "2001:db8::1:88"]);
});

test("finds them by DNS, by priority and weight", async () => {
  const { dial, asked } = noting(dialTo({ "c:88": answer }));
  const names: string[] = [];
  const resolveSrv: KdcsOptions["resolveSrv"] = async (name) => {
    names.push(name);
    return [
      { name: "c.", port: 88, priority: 10, weight: 0 },
      { name: "b", port: 88, priority: 0, weight: 10 },
      { name: "a", port: 88, priority: 0, weight: 90 },
    ];
  };
  await ask({ dial, resolveSrv });
  expect([names, asked]).toEqual([["_kerberos._tcp.corp.test"], ["a:88", "b:88", "c:88"]]);
});

test.each([
  [async () => [], IssuerError, /no KDC of CORP.TEST is known: DNS has no SRV record/],
  [
    async () => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" })),
    IssuerError,
    /no KDC of CORP.TEST/,
  ],
  [
    async () => Promise.reject(Object.assign(new Error(), { code: "ESERVFAIL" })),
    RetryableError,
    /ESERVFAIL/,
  ],
] as const)("a realm that DNS does not know, or cannot tell of", async (resolveSrv, kind, message) => {
  const failure = ask({ dial: dialTo({}), resolveSrv });
  await expect(failure).rejects.toThrow(kind);
  await expect(failure).rejects.toThrow(message);
});

test.each(["", "a b", "a:0", "a:99999", "[::1", "a/b"])("a KDC named %j is refused", async (server) => {
  await expect(ask({ servers: { [realm]: [server] }, dial: dialTo({}) })).rejects.toThrow(
    /not of the form host/,
  );
});

describe("KDCs that are no good are passed over, and all named when none is left", () => {
  const hostile: Readonly<Record<string, (data: Buffer) => Uint8Array | undefined>> = {
    silent: () => undefined,
    closing: () => Buffer.alloc(0),
    huge: () => Buffer.from("7fffffff00", "hex"),
    http: () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
    garbage: () => Buffer.from("00000003abcdef", "hex"),
    cut: () => Buffer.from("0000ffff30", "hex"),
  };
  const dial: Dial = async (host, port, options) => {
    const reply = hostile[host];
    if (reply === undefined) return dialTo({ "good:88": answer })(host, port, options);
    const [client, server] = duplexPair();
    server.on("error", () => {});
    server.once("data", (data) => {
      const bytes = reply(data);
      if (bytes !== undefined) server.end(bytes);
    });
    return client;
  };

  test.each(Object.keys(hostile))("%s", async (host) => {
    const options = { dial, timeoutMs: 400 };
    expect(await ask({ servers: { [realm]: [host, "good"] }, ...options })).toMatchObject({ code: 25 });
    const failure = await ask({ servers: { [realm]: [host] }, ...options }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RetryableError);
    expect(String(failure)).toContain(`no KDC of CORP.TEST answers (${host}:88: `);
  });

  test("an abort ends it at once, with the caller's reason", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    const failure = ask({ servers: { [realm]: ["silent", "good"] }, dial }, abort.signal);
    setTimeout(() => abort.abort(reason), 20);
    await expect(failure).rejects.toBe(reason);
  });
});
