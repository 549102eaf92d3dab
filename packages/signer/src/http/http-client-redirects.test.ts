import { describe, expect, test } from "vitest";
import { echo, serve } from "./serve-fixture.ts";
import { failureOf } from "./server-fixture.ts";

describe("HttpClient redirects", () => {
  test("does not follow one, so that credentials stay with the host they are for", async () => {
    let hits = 0;
    await using rig = await serve((request, response) => {
      hits += 1;
      if (request.url === "/elsewhere") response.end("{}");
      else response.writeHead(302, { location: "/elsewhere" }).end();
    });
    expect((await failureOf(rig.http.get(rig.url))).message).toContain("redirects are not followed");
    expect(hits).toBe(1);
  });

  test("follows as many as the call allows", async () => {
    await using rig = await serve((request, response) => {
      const step = Number(request.url?.slice(1));
      if (step >= 3) echo(request, response);
      else response.writeHead(307, { location: `/${step + 1}` }).end();
    });
    const options = { json: { a: 1 }, bearer: "t" };
    expect(await rig.http.post(`${rig.url}/0`, { ...options, followRedirects: 3 })).toMatchObject({
      method: "POST",
      url: "/3",
      body: '{"a":1}',
      headers: { authorization: "Bearer t" },
    });
    const error = await failureOf(rig.http.post(`${rig.url}/0`, { ...options, followRedirects: 2 }));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain("redirects more than 2 times");
  });

  test("takes credentials to a trusted origin only, and to another without them", async () => {
    await using other = await serve(echo);
    await using rig = await serve((_, response) =>
      response.writeHead(302, { location: `${other.url}/b` }).end(),
    );
    const error = await failureOf(rig.http.get(rig.url, { bearer: "t", followRedirects: 1 }));
    expect(error.message).toContain("must not see the credentials");
    expect(other.server.accepted).toBe(0);
    const trusted = await rig.http.get(rig.url, {
      bearer: "t",
      followRedirects: 1,
      trustedOrigins: [other.url],
    });
    expect(trusted).toMatchObject({ url: "/b", headers: { authorization: "Bearer t" } });
    expect(await rig.http.get(rig.url, { followRedirects: 1 })).not.toHaveProperty("headers.authorization");
  });

  test.each([
    ["http://169.254.169.254/latest/", /link-local|plain http/],
    ["http://user:hunter2@127.0.0.1/", /contains credentials/],
    ["http://pki.example.com/", /plain http/],
    ["ftp://127.0.0.1/", /not an http/],
  ])("judges the location %s like any URL", async (location, words) => {
    await using rig = await serve((_, response) => response.writeHead(302, { location }).end());
    const error = await failureOf(rig.http.get(rig.url, { followRedirects: 5 }));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain("hunter2");
  });

  test.each([["http://169.254.169.254/"], ["http://u:p@127.0.0.1/"], ["/missing"], ["/garbage"], ["/big"]])(
    "takes %s after a carried-out POST for a call that may have issued",
    async (path) => {
      await using rig = await serve(
        (request, response) => {
          if (request.url === "/") response.writeHead(303, { location: path }).end();
          else if (request.url === "/missing") response.writeHead(404).end();
          else response.end(request.url === "/big" ? "x".repeat(2000) : "<html>");
        },
        { maxBodyBytes: 1000 },
      );
      const error = await failureOf(rig.http.post(rig.url, { followRedirects: 1 }));
      expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
      expect(await failureOf(rig.http.get(rig.url, { followRedirects: 1 }))).toMatchObject({
        code: "ISSUER",
      });
    },
  );

  test("counts what redirected as having seen the call", async () => {
    await using rig = await serve((_, response) =>
      response.writeHead(303, { location: "http://127.0.0.1:1/" }).end(),
    );
    const error = await failureOf(rig.http.post(rig.url, { followRedirects: 1 }));
    expect(error).toMatchObject({ failure: "connect", requestSent: true });
  });
});
