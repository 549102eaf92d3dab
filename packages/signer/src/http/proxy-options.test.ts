import { describe, expect, test } from "vitest";
import { noProxyRules } from "./no-proxy.ts";
import { type ProxyOptions, proxyFromEnvironment } from "./proxy-options.ts";
import { ProxyRoutes } from "./proxy-routes.ts";

describe("proxyFromEnvironment", () => {
  test.each<[Record<string, string>, ProxyOptions | undefined]>([
    [{}, undefined],
    [{ NO_PROXY: "*" }, undefined],
    [{ HTTPS_PROXY: "" }, undefined],
    [{ HTTPS_PROXY: "http://p:1" }, { httpsUrl: "http://p:1" }],
    [{ https_proxy: "http://p:1" }, { httpsUrl: "http://p:1" }],
    [{ HTTPS_PROXY: "http://upper:1", https_proxy: "http://lower:1" }, { httpsUrl: "http://upper:1" }],
    [{ HTTPS_PROXY: "", https_proxy: "http://lower:1" }, { httpsUrl: "http://lower:1" }],
    [
      { HTTP_PROXY: "p:1", no_proxy: "a,b" },
      { httpUrl: "http://p:1", noProxy: "a,b" },
    ],
    [
      { HTTP_PROXY: "https://h", HTTPS_PROXY: "https://s", NO_PROXY: "x" },
      { httpUrl: "https://h", httpsUrl: "https://s", noProxy: "x" },
    ],
    [{ HTTP_PROXY: "http://attacker", REQUEST_METHOD: "GET" }, undefined],
  ])("reads %j", (env, expected) => {
    expect(proxyFromEnvironment(env)).toEqual(expected);
  });

  test("reads nothing from the process's own environment", () => {
    expect(proxyFromEnvironment({})).toBeUndefined();
  });
});

describe("noProxyRules", () => {
  // Each row agrees with golang.org/x/net/http/httpproxy v0.58, asked with the same variable and URL.
  test.each<[string, string, number, boolean]>([
    ["", "pki.example.com", 443, false],
    ["*", "pki.example.com", 443, true],
    ["a, * ,b", "pki.example.com", 443, true],
    ["example.com", "example.com", 443, true],
    ["example.com", "pki.example.com", 443, true],
    ["example.com", "pki.EXAMPLE.com", 443, true],
    ["EXAMPLE.com", "pki.example.com", 443, true],
    ["example.com", "badexample.com", 443, false],
    ["example.com", "example.com.evil.org", 443, false],
    [".example.com", "example.com", 443, false],
    [".example.com", "pki.example.com", 443, true],
    ["*.example.com", "example.com", 443, false],
    ["*.example.com", "a.b.example.com", 443, true],
    ["example.com:8443", "pki.example.com", 8443, true],
    ["example.com:8443", "pki.example.com", 443, false],
    ["example.com:x", "example.com", 443, false],
    ["com", "example.com", 443, true],
    ["10.0.0.0/8", "10.1.2.3", 443, true],
    ["10.0.0.0/8", "11.1.2.3", 443, false],
    ["10.0.0.0/33", "10.1.2.3", 443, false],
    ["10.0.0.0/8", "pki.example.com", 443, false],
    ["10.1.2.3", "10.1.2.3", 443, true],
    ["10.1.2.3", "10.1.2.4", 443, false],
    ["10.1.2.3:8443", "10.1.2.3", 443, false],
    ["10.1.2.3:8443", "10.1.2.3", 8443, true],
    ["fd00::/8", "fd12::1", 443, true],
    ["fd12::1", "fd12:0::1", 443, true],
    ["[fd12::1]:443", "fd12::1", 443, true],
    ["[fd12::1]:8443", "fd12::1", 443, false],
    ["0.0.0.0/0", "10.1.2.3", 443, true],
    ["::/0", "10.1.2.3", 443, false],
    ["::/0", "fd12::1", 443, true],
    [":443", "pki.example.com", 443, false],
    ["", "localhost", 443, true],
    ["", "127.0.0.53", 443, true],
    ["", "::1", 443, true],
    ["svc,.cluster.local", "vault.svc", 8200, true],
    ["svc,.cluster.local", "vault.default.svc.cluster.local", 8200, true],
  ])("%j lets %s:%i bypass: %j", (list, host, port, expected) => {
    expect(noProxyRules(list)(host, port)).toBe(expected);
  });

  test("lets a name with a closing dot bypass as without", () => {
    expect(noProxyRules("example.com")("pki.example.com.", 443)).toBe(true);
  });
});

describe("ProxyRoutes", () => {
  test("keeps proxies for https and http apart, and takes one URL for both", () => {
    const apart = new ProxyRoutes({ httpsUrl: "http://s:1", httpUrl: "https://h" });
    expect(apart.proxyFor(true, "pki", 443)).toMatchObject({ host: "s", port: 1, secure: false });
    expect(apart.proxyFor(false, "pki", 80)).toMatchObject({ host: "h", port: 443, secure: true });
    const one = new ProxyRoutes({ url: "http://[fd00::1]:3128" });
    expect(one.proxyFor(true, "pki", 443)).toEqual(one.proxyFor(false, "pki", 80));
    expect(one.proxyFor(true, "pki", 443)).toMatchObject({ host: "fd00::1", port: 3128, headers: {} });
    expect(new ProxyRoutes({ httpsUrl: "http://s" }).proxyFor(false, "pki", 80)).toBeUndefined();
  });

  test.each<[ProxyOptions, string]>([
    [{ url: "socks5://user:hunter2@p:1080" }, "`proxy.url`"],
    [{ httpsUrl: "hunter2" }, "`proxy.httpsUrl`"],
    [{ httpUrl: "http://:hunter2%zz@p" }, "`proxy.httpUrl`"],
  ])("refuses %j and does not show it", (options, words) => {
    expect(() => new ProxyRoutes(options)).toThrow(TypeError);
    expect(() => new ProxyRoutes(options)).toThrow(words);
    expect(() => new ProxyRoutes(options)).not.toThrow("hunter2");
  });
});
