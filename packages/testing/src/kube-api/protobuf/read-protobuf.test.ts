import { describe, expect, test } from "vitest";
import { seededRandom } from "../../fake-pki/seeded-random.ts";
import { startKubeApi } from "../start-kube-api.ts";
import { StatusError } from "../status-error.ts";
import { readProtobuf } from "./read-protobuf.ts";
import { field, wrapped } from "./wire-fixture.ts";

const metadata = (...fields: readonly Buffer[]) => field(1, Buffer.concat([field(1, "a"), ...fields]));
const entry = (key: string, value: string | Buffer) => Buffer.concat([field(1, key), field(2, value)]);

describe("readProtobuf", () => {
  test("reads texts, bytes, lists, maps, numbers, times and what is nested", () => {
    const condition = Buffer.concat([
      field(1, "Approved"),
      field(5, field(1, 1_767_225_600)),
      field(6, "True"),
    ]);
    const spec = [
      field(1, "PEM"),
      field(4, "a"),
      field(4, ""),
      field(6, entry("k", field(1, "v"))),
      field(8, 600),
    ];
    expect(
      readProtobuf(
        wrapped(
          "certificates.k8s.io/v1",
          "CertificateSigningRequest",
          metadata(field(2, ""), field(8, ""), field(11, entry("l", ""))),
          field(2, Buffer.concat(spec)),
          field(3, field(1, condition)),
        ),
      ),
    ).toEqual({
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name: "a", labels: { l: "" } },
      spec: {
        request: Buffer.from("PEM").toString("base64"),
        groups: ["a", ""],
        extra: { k: ["v"] },
        expirationSeconds: 600,
      },
      status: {
        conditions: [{ type: "Approved", lastTransitionTime: "2026-01-01T00:00:00Z", status: "True" }],
      },
    });
  });

  test("keeps a key that is called like a property of every object", () => {
    const { data } = readProtobuf(wrapped("v1", "Secret", metadata(), field(2, entry("__proto__", "x"))));
    expect(Object.entries(data as object)).toEqual([["__proto__", Buffer.from("x").toString("base64")]]);
  });

  test("skips fields that it does not know, of every width", () => {
    const fixed = Buffer.concat([Buffer.from([((90 << 3) & 0x7f) | 0x80 | 1, 5]), Buffer.alloc(8)]);
    const read = readProtobuf(wrapped("v1", "Secret", field(100, 7), field(101, "x"), fixed, metadata()));
    expect(read).toMatchObject({ metadata: { name: "a" } });
  });

  test.each([
    ["no magic", Buffer.from("{}"), 400, "does not appear to be a protobuf message"],
    [
      "a length past the end",
      Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x0a, 0x7f])]),
      400,
      "unexpected EOF",
    ],
    ["an endless number", Buffer.concat([Buffer.from("k8s\0"), Buffer.alloc(12, 0xff)]), 400, "overflow"],
    ["a group", Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x0b])]), 400, "illegal wire type 3"],
    ["a number for a text", wrapped("v1", "Secret", field(3, 1)), 400, "wrong wireType"],
    ["a text for a number", wrapped("v1", "Secret", field(5, "x")), 400, "wrong wireType"],
    ["a time in no year", wrapped("v1", "Secret", metadata(field(8, field(1, 1e15)))), 400, "out of range"],
    ["a kind that is not read", wrapped("v1", "Pod", metadata()), 415, "does not read v1 Pod in Protobuf"],
  ])("refuses %s", (_, body, code, message) => {
    const refused = () => readProtobuf(body);
    expect(refused).toThrow(StatusError);
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ status: expect.objectContaining({ code }) }));
  });

  test("refuses whatever is cut or changed with a status, or reads it, and soon", () => {
    const random = seededRandom(20_261_124);
    const sound = wrapped(
      "v1",
      "Secret",
      metadata(
        field(11, entry("l", "m")),
        field(17, Buffer.concat([field(1, "m"), field(7, field(1, "{}"))])),
      ),
      field(2, entry("key", "value")),
      field(5, 1),
    );
    const attempt = (body: Buffer) => {
      try {
        readProtobuf(body);
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    };
    for (let length = 0; length < sound.length; length += 1) attempt(sound.subarray(0, length));
    for (let round = 0; round < 20_000; round += 1) {
      const body = Buffer.from(sound);
      for (let change = 0; change < 3; change += 1)
        body[4 + Math.floor(random() * (body.length - 4))] = Math.floor(random() * 256);
      attempt(body);
    }
    const many = wrapped("v1", "Secret", Buffer.alloc(600_000, field(2, "")));
    const started = performance.now();
    attempt(many);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("serves writers who send it, in JSON", async () => {
    await using api = await startKubeApi();
    const answer = await fetch(`${api.url}/api/v1/namespaces/default/secrets`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${api.adminToken}`,
        accept: "application/vnd.kubernetes.protobuf,application/json",
        "content-type": "application/vnd.kubernetes.protobuf",
      },
      body: new Uint8Array(wrapped("v1", "Secret", metadata(), field(2, entry("key", "value")))),
    });
    expect(answer.status).toBe(201);
    expect((await answer.json()) as unknown).toMatchObject({
      kind: "Secret",
      metadata: { name: "a", namespace: "default" },
      data: { key: Buffer.from("value").toString("base64") },
    });
  });
});
