import { describe, expect, test } from "vitest";
import type { HttpRequestOptions } from "./http-request.ts";
import { followRedirect, isRedirect } from "./redirect.ts";

function follow(
  status: number,
  location: string | undefined,
  {
    method = "GET",
    from = "https://a.example/x",
    hasIdentity = false,
    ...options
  }: HttpRequestOptions & { method?: string; from?: string; hasIdentity?: boolean } = {},
) {
  const response = { status, statusText: "", headers: { location }, body: Buffer.alloc(0) };
  return followRedirect({ method, target: new URL(from), options, mayIssue: true }, response, hasIdentity);
}

const followed = (url: string, method = "GET") => ({ hop: expect.objectContaining({ url, method }) });
const refused = (words: string) => ({ refused: expect.stringContaining(words) });

describe("followRedirect", () => {
  test.each([
    [301, true],
    [302, true],
    [303, true],
    [307, true],
    [308, true],
    [300, false],
    [304, false],
    [305, false],
    [200, false],
    [401, false],
  ])("status %i is a redirect: %j", (status, expected) => {
    expect(isRedirect(status)).toBe(expected);
  });

  test.each([
    ["GET", [301, 302, 303, 307, 308], "GET"],
    ["HEAD", [301, 302, 303, 307, 308], "HEAD"],
    ["POST", [301, 302, 303], "GET"],
    ["POST", [307, 308], "POST"],
    ["PUT", [301, 302, 307, 308], "PUT"],
    ["PUT", [303], "GET"],
    ["DELETE", [301, 302, 307, 308], "DELETE"],
    ["DELETE", [303], "GET"],
  ])("%s after %j becomes %s", (method, statuses, expected) => {
    for (const status of statuses) {
      expect(follow(status, "/y", { method, json: { a: 1 } })).toEqual(
        followed("https://a.example/y", expected),
      );
    }
  });

  test("keeps the body with the method, and drops both together", () => {
    const options = { method: "POST", json: { a: 1 }, headers: { "Content-Type": "x/y", "x-token": "t" } };
    expect(follow(307, "/y", options)).toMatchObject({ hop: { options: { json: { a: 1 } } } });
    const asGet = follow(303, "/y", options);
    expect(asGet).toMatchObject({ hop: { options: { headers: { "x-token": "t" } } } });
    expect(asGet).not.toHaveProperty("hop.options.json");
    expect(asGet).not.toHaveProperty("hop.options.headers.Content-Type");
  });

  test.each([
    ["/y?z#w", "https://a.example/y?z#w"],
    ["y", "https://a.example/y"],
    ["//a.example/y", "https://a.example/y"],
    ["https://A.EXAMPLE:443/y", "https://a.example/y"],
  ])("takes %s with credentials, being the same origin", (location, url) => {
    expect(follow(302, location, { bearer: "t" })).toEqual(followed(url));
  });

  test.each<[string, HttpRequestOptions & { hasIdentity?: boolean; method?: string }]>([
    ["a bearer", { bearer: "t" }],
    ["an authorization header", { headers: { Authorization: "Basic x" } }],
    ["a cookie", { headers: { cookie: "x" } }],
    ["any header that could be a key", { headers: { "X-Vault-Token": "x" } }],
    ["a client certificate", { hasIdentity: true }],
    ["a body that would be sent again", { method: "PUT", json: {} }],
    ["a raw body", { method: "PUT", body: "x" }],
  ])("takes %s to no other origin", (_, options) => {
    for (const location of [
      "https://b.example/",
      "//b.example",
      "https://a.example:8443/",
      "https://a.example./",
    ]) {
      expect(follow(307, location, options)).toEqual(refused("to another host"));
      const trustedOrigins = [new URL(location, "https://a.example").origin];
      expect(follow(307, location, { ...options, trustedOrigins })).toEqual(
        followed(new URL(location, "https://a.example").href, options.method),
      );
    }
  });

  test("goes to another origin without credentials", () => {
    const headers = { accept: "text/plain", "user-agent": "x" };
    expect(follow(302, "https://b.example/", { headers })).toEqual(followed("https://b.example/"));
    expect(follow(302, "https://a.example/y", { from: "http://a.example/x" })).toEqual(
      followed("https://a.example/y"),
    );
    expect(follow(302, "https://a.example/y", { from: "http://a.example/x", bearer: "t" })).toEqual(
      refused("to another host"),
    );
  });

  test.each(["http://a.example/y", "http://b.example/", "ftp://a.example/", "data:,x", "file:///etc/passwd"])(
    "never goes from https to %s, trusted or not",
    (location) => {
      const trustedOrigins = ["http://a.example", "http://b.example", "null", "ftp://a.example"];
      expect(follow(302, location, { trustedOrigins })).toEqual(refused("from https to another scheme"));
    },
  );

  test.each([undefined, "https://", "https://[", "http://a b/"])(
    "does not follow the location %j",
    (location) => {
      expect(follow(302, location)).toEqual(refused("without saying where"));
    },
  );
});
