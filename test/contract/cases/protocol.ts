import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

const unrecognized = (kind: string, problem: string, sent: string) =>
  status(
    400,
    "BadRequest",
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ` +
      `${problem} (${sent})`,
  );

export const protocolCases = contractArea("protocol", [
  contractCase("refuses a body that ends too soon", async (t) => {
    const builtIn = await t.admin.create(t.configMaps(), '{"metadata":{"name":"x"},"data":');
    expect(builtIn.body).toEqual(
      unrecognized("ConfigMap", "unexpected end of JSON input", '{"metadata":{"name":"x"},"data ...'),
    );
    const custom = await t.admin.create(t.widgets(), '{"apiVersion":');
    expect(custom.body).toEqual(unrecognized("Widget", "unexpected end of JSON input", '{"apiVersion":'));
  }),

  contractCase("refuses a body that is no JSON, or no object", async (t) => {
    for (const body of ["nope", "[]", " "]) {
      const answer = await t.admin.create(t.configMaps(), body);
      expect(answer.status, body).toBe(400);
      expect(answer.body).toMatchObject({ reason: "BadRequest" });
    }
  }),

  contractCase("refuses metadata that is no object", async (t) => {
    const answer = await t.admin.create(t.configMaps(), { metadata: "x" });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      reason: "BadRequest",
      message: expect.stringMatching(/^ConfigMap in version "v1" cannot be handled as a ConfigMap: /),
    });
  }),

  contractCase("refuses a body of an unknown media type", async (t) => {
    const request = { body: { metadata: { name: "a" } }, contentType: "text/plain" };
    const answer = await t.admin.request("POST", t.configMaps(), request);
    expect(answer.body).toEqual(
      status(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json, " +
          "application/yaml, application/vnd.kubernetes.protobuf",
      ),
    );
  }),

  contractCase("takes JSON with a charset", async (t) => {
    const request = { body: { metadata: { name: "a" } }, contentType: "application/json; charset=utf-8" };
    expect((await t.admin.request("POST", t.configMaps(), request)).status).toBe(201);
  }),

  contractCase("takes and gives YAML", async (t) => {
    const body = "metadata:\n  name: a\ndata: {key: value}\n";
    const created = await t.admin.request("POST", t.configMaps(), { body, contentType: "application/yaml" });
    expect(created.object).toMatchObject({ data: { key: "value" } });
    const answer = await t.admin.unrecorded.get(t.configMaps("a"), {}, { accept: "application/yaml" });
    expect(answer.headers["content-type"]).toBe("application/yaml");
    expect(answer.text).toContain("data:\n  key: value\n");
  }),

  contractCase("refuses an Accept that it cannot serve", async (t) => {
    const answer = await t.admin.get(t.widgets(), {}, { accept: "text/plain" });
    expect(answer.body).toEqual(
      status(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/yaml, " +
          "application/vnd.kubernetes.protobuf",
      ),
    );
  }),

  contractCase("serves JSON where Accept prefers it, or anything", async (t) => {
    for (const accept of ["*/*", "text/plain, application/json;q=0.5"]) {
      const answer = await t.admin.get(t.configMaps(), {}, { accept });
      expect(answer.status, accept).toBe(200);
      expect(answer.headers["content-type"]).toBe("application/json");
    }
  }),

  contractCase("refuses a body of more than 3 MiB", async (t) => {
    const body = JSON.stringify({ metadata: { name: "a" }, data: { key: "x".repeat(3 * 1024 * 1024) } });
    const answer = await t.admin.create(t.configMaps(), body);
    expect(answer.body).toEqual(
      status(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"),
    );
  }),

  contractCase("keeps text of every script and control characters", async (t) => {
    const data = { key: 'ä € 漢 🙂 \u0000\u001f\u2028 "\\ <&>' };
    await t.created(t.configMaps(), { metadata: { name: "a" }, data });
    expect((await t.admin.get(t.configMaps("a"))).object.data).toEqual(data);
  }),

  contractCase("keeps integers and fractions apart", async (t) => {
    const free = { whole: 9007199254740991, negative: -1, fraction: 0.5, big: 1e21, zero: 0 };
    const created = await t.created(t.widgets(), t.widget("a", { free }));
    expect(created.spec).toMatchObject({ free });
    const { text } = await t.admin.unrecorded.get(t.widgets("a"));
    return text.match(/"(whole|negative|fraction|big|zero)":\s*[^,}\s]+/g)?.toSorted();
  }),

  contractCase("answers liveness, readiness and version", async (t) => {
    for (const path of ["/healthz", "/livez", "/readyz"]) {
      const answer = await t.admin.get(path);
      expect(answer.status).toBe(200);
      expect(answer.text).toBe("ok");
    }
    const version = await t.admin.unrecorded.get("/version");
    expect(version.body).toMatchObject({ major: "1", minor: expect.stringMatching(/^\d+$/) });
  }),

  contractCase("tells that no caching is wanted", async (t) => {
    const answer = await t.admin.get(t.configMaps());
    expect(answer.headers["cache-control"]).toBe("no-cache, private");
  }),
]);
