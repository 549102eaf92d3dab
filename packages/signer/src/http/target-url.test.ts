import { describe, expect, test } from "vitest";
import { IssuerError } from "../errors.ts";
import { AddressPolicy } from "./address-policy.ts";
import { HttpClient } from "./http-client.ts";
import { failureOf, ServerFixture } from "./server-fixture.ts";
import { parseTarget } from "./target-url.ts";

const rules = { addresses: new AddressPolicy({}), allowPlainHttp: false };

/** S5: URLs that must reach no server; PORT is where one listens on loopback. */
const hostile = [
  // No http(s) URL at all.
  ...[
    "",
    " ",
    "pki.example.com",
    "//127.0.0.1:PORT/",
    "/orders",
    "127.0.0.1:PORT",
    "https://",
    "https://:PORT",
  ],
  ...["ftp://127.0.0.1:PORT/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "unix:/run/x.sock"],
  ...[
    "gopher://127.0.0.1:PORT/_x",
    "ws://127.0.0.1:PORT",
    "http+unix://x",
    "https://a b/",
    "https://[::1",
    "https://%00/",
  ],
  ...["https://1.2.3.4.5/", "https://256.256.256.256/", "http://127.0.0.1:99999/", "https://exa<mple.com/"],
  // Credentials in the URL.
  ...["http://user@127.0.0.1:PORT/", "http://user:pass@127.0.0.1:PORT/", "http://:pass@127.0.0.1:PORT/"],
  ...["http://127.0.0.1:PORT%40evil@127.0.0.1:PORT/", "http://pki.example.com@127.0.0.1:PORT/"],
  // What the URL parser would repair silently.
  ...[
    "http://127.0.0.1:PORT/a\\b",
    "http:\\\\127.0.0.1:PORT\\",
    "ht\ntp://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/\t",
  ],
  ...[
    "http://127.0.0.1:PORT/a b",
    " http://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/\u0000",
    "http://127.0.0.1:PORT/x\r\ny",
  ],
  // Out of the path that the spec gives.
  ...[
    "http://127.0.0.1:PORT/v1/../sys/x",
    "http://127.0.0.1:PORT/v1/..",
    "http://127.0.0.1:PORT/./x",
    "http://127.0.0.1:PORT/v1/%2e%2E/x",
  ],
  ...["http://127.0.0.1:PORT/v1/.%2e/x?y", "http://127.0.0.1:PORT/v1/%2e#z", "http://127.0.0.1:PORT/.."],
  // Plain http to what is not loopback by its text.
  ...[
    "http://10.0.0.1:PORT/",
    "http://pki.example.com/",
    "http://localhost.example.com:PORT/",
    "http://localhost.:PORT/",
  ],
  ...[
    "http://127.0.0.1.nip.io:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://0.0.0.0:PORT/",
  ],
  ...[
    "http://0:PORT/",
    "http://[::]:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
  ],
  // Forbidden addresses, written in every way.
  ...[
    "https://169.254.169.254/",
    "https://0xa9fea9fe/",
    "https://2852039166/",
    "https://0251.0376.0251.0376/",
    "https://169.254.43518/",
  ],
  ...[
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
  ],
  ...[
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[::]:PORT/",
    "https://0.0.0.0:PORT/",
    "https://0:PORT/",
    "https://[ff02::1]/",
  ],
  ...["https://224.0.0.1/", "https://255.255.255.255/", "https://100.100.100.200/", "https://168.63.129.16/"],
  ...["https://[::ffff:127.0.0.1]:PORT/", "https://[::127.0.0.1]:PORT/", "https://①⑥⑨.254.169.254/"],
];

describe("parseTarget", () => {
  test.each([
    "https://pki.example.com",
    "https://pki.example.com:8443/ejbca/v1?x=..%2f..&y=/../#..",
    "https://pki.example.com/v1/...",
    "https://pki.example.com/v1/a..b/.hidden",
    "https://xn--bcher-kva.example",
    "https://10.0.0.1/",
    "https://[fd00::1]:8443/",
    "http://localhost:8080/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://[::1]:1/",
  ])("takes %s", (url) => {
    expect(parseTarget(url, rules).href).toBe(new URL(url).href);
  });

  test("takes plain http where the operator allows it, and still no forbidden address", () => {
    const open = { ...rules, allowPlainHttp: true };
    expect(parseTarget("http://pki.example.com/", open).host).toBe("pki.example.com");
    expect(() => parseTarget("http://169.254.169.254/", open)).toThrow("link-local");
  });

  test(`S5: none of ${hostile.length} hostile URLs opens a connection`, async () => {
    await using server = await ServerFixture.http((_, response) => response.end("{}"));
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return [{ address: "127.0.0.1", family: 4 }];
    };
    using http = new HttpClient({ resolve });
    for (const url of hostile) {
      const error = await failureOf(http.get(url.replaceAll("PORT", String(server.port)), { bearer: "t" }));
      expect(error, url).toBeInstanceOf(IssuerError);
      expect(error.message, url).toMatch(/^[^\n]{10,300}$/);
    }
    expect(server.accepted).toBe(0);
    expect(asked).toEqual([]);
    await http.get(server.url);
    expect(server.accepted).toBe(1);
  });
});
