import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

/** A spec that violates the schema in one place, and the server's words for it. */
function refuses(title: string, spec: unknown, field: string, reason: string, message: string) {
  return contractCase(`refuses ${title}`, async (t) => {
    const answer = await t.admin.create(t.widgets(), t.widget("a", spec));
    expect(answer.body).toEqual(
      status(422, "Invalid", `Widget.contract.countersign.dev "a" is invalid: ${field}: ${message}`, {
        name: "a",
        group: "contract.countersign.dev",
        kind: "Widget",
        causes: [{ reason, message, field }],
      }),
    );
  });
}

function refusesType(title: string, spec: unknown, field: string, wanted: string, got: string) {
  const message = `Invalid value: "${got}": ${field} in body must be of type ${wanted}: "${got}"`;
  return refuses(title, spec, field, "FieldValueTypeInvalid", message);
}

export const schemaCases = contractArea("schema", [
  refusesType("text for an integer", { size: "1" }, "spec.size", "integer", "string"),
  refusesType("a fraction for an integer", { size: 1.5 }, "spec.size", "integer", "number"),
  refusesType("text for a number", { ratio: "x" }, "spec.ratio", "number", "string"),
  refusesType("text for a boolean", { enabled: "yes" }, "spec.enabled", "boolean", "string"),
  refusesType("text for a list", { steps: "a" }, "spec.steps", "array", "string"),
  refusesType("a list for an object", { labels: [] }, "spec.labels", "object", "array"),
  refusesType("a number as a map's value", { labels: { a: 1 } }, "spec.labels.a", "string", "integer"),
  refusesType("text for the whole spec", "x", "spec", "object", "string"),
  refusesType("bytes that are no base64", { payload: "%%" }, "spec.payload", "byte", "%%"),
  refusesType("base64 without its padding", { payload: "YQ" }, "spec.payload", "byte", "YQ"),
  refuses(
    "a number below the minimum",
    { size: 0 },
    "spec.size",
    "FieldValueInvalid",
    "Invalid value: 0: spec.size in body should be greater than or equal to 1",
  ),
  refuses(
    "a number above the maximum",
    { size: 101 },
    "spec.size",
    "FieldValueInvalid",
    "Invalid value: 101: spec.size in body should be less than or equal to 100",
  ),
  refuses(
    "a value outside the enumeration",
    { mode: "x" },
    "spec.mode",
    "FieldValueNotSupported",
    'Unsupported value: "x": supported values: "fast", "slow"',
  ),
  refuses(
    "text that does not match the pattern",
    { url: "http://x" },
    "spec.url",
    "FieldValueInvalid",
    `Invalid value: "http://x": spec.url in body should match '^https://'`,
  ),
  refuses(
    "text that is too long",
    { url: `https://${"a".repeat(33)}` },
    "spec.url",
    "FieldValueTooLong",
    "Too long: may not be more than 40 bytes",
  ),
  refuses(
    "text that is too short",
    { code: "x" },
    "spec.code",
    "FieldValueInvalid",
    'Invalid value: "x": spec.code in body should be at least 2 chars long',
  ),
  refuses(
    "too many items",
    { steps: ["a", "b", "c", "d"] },
    "spec.steps",
    "FieldValueTooMany",
    "Too many: 4: must have at most 3 items",
  ),
  refuses(
    "the same item of a set twice",
    { tags: ["a", "a"] },
    "spec.tags[1]",
    "FieldValueDuplicate",
    'Duplicate value: "a"',
  ),
  refuses(
    "an object without a required field",
    { pair: {} },
    "spec.pair.left",
    "FieldValueRequired",
    "Required value",
  ),
  refuses(
    "a reference without its name",
    { issuerRef: { kind: "Acme" } },
    "spec.issuerRef.name",
    "FieldValueRequired",
    "Required value",
  ),

  contractCase("names every violation at once", async (t) => {
    const answer = await t.admin.create(t.widgets(), t.widget("a", { size: 0, mode: "x", pair: {} }));
    expect(answer.status).toBe(422);
    const { details } = answer.body as { details: { causes: { field: string }[] } };
    expect(details.causes.map(({ field }) => field).toSorted()).toEqual([
      "spec.mode",
      "spec.pair.left",
      "spec.size",
    ]);
    expect(answer.body).toMatchObject({ message: expect.stringMatching(/ is invalid: \[.+, .+, .+\]$/) });
  }),

  contractCase("refuses a boolean for an integer-or-string", async (t) => {
    const answer = await t.admin.create(t.widgets(), t.widget("a", { port: true }));
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: {
        causes: expect.arrayContaining([
          {
            reason: "FieldValueTypeInvalid",
            message: 'Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
            field: "spec.port",
          },
        ]),
      },
    });
  }),

  contractCase("validates status on /status and leaves spec alone there", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.patch(t.widgets("a", "status"), "merge", {
      status: { certificate: "not base64", conditions: [{ type: "Ready", status: "Maybe" }] },
    });
    expect(answer.status).toBe(422);
    const { details } = answer.body as { details: { causes: { field: string }[] } };
    expect(details.causes.map(({ field }) => field).toSorted()).toEqual([
      "status.certificate",
      "status.conditions[0].status",
    ]);
  }),

  contractCase("refuses what a condition lacks or has wrong", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const reject = async (condition: unknown) => {
      const body = { status: { conditions: [condition] } };
      const answer = await t.admin.patch(t.widgets("a", "status"), "merge", body);
      expect(answer.status).toBe(422);
      return (answer.body as { details: { causes: { field: string; reason: string }[] } }).details.causes[0];
    };
    expect(await reject({ type: "Ready" })).toMatchObject({ field: "status.conditions[0].status" });
    expect(await reject({ type: "Ready", status: "True", reason: "two words" })).toMatchObject({
      field: "status.conditions[0].reason",
      reason: "FieldValueInvalid",
    });
    expect(await reject({ type: "Ready", status: "True", lastTransitionTime: "yesterday" })).toMatchObject({
      field: "status.conditions[0].lastTransitionTime",
    });
  }),

  contractCase("names every required field that cert-manager's request lacks", async (t) => {
    const body = { ...t.request("a"), spec: {} };
    const answer = await t.admin.create(t.requests(), body);
    expect(answer.body).toEqual(
      status(
        422,
        "Invalid",
        'Request.contract.countersign.dev "a" is invalid: [spec.issuerRef: Required value, spec.request: Required value]',
        {
          name: "a",
          group: "contract.countersign.dev",
          kind: "Request",
          causes: ["spec.issuerRef", "spec.request"].map((field) => ({
            reason: "FieldValueRequired",
            message: "Required value",
            field,
          })),
        },
      ),
    );
  }),

  contractCase("refuses labels and annotations that break the naming rules", async (t) => {
    const label = await t.admin.create(t.widgets(), {
      ...t.widget("a", {}),
      metadata: { name: "a", labels: { "bad key": "x" } },
    });
    expect(label.status).toBe(422);
    expect(label.body).toMatchObject({ details: { causes: [{ field: "metadata.labels" }] } });
    const value = await t.admin.create(t.configMaps(), { metadata: { name: "a", labels: { key: "-x" } } });
    expect(value.body).toMatchObject({ code: 422, details: { causes: [{ field: "metadata.labels" }] } });
    const annotation = await t.admin.create(t.widgets(), {
      ...t.widget("a", {}),
      metadata: { name: "a", annotations: { "a/b/c": "x" } },
    });
    expect(annotation.body).toMatchObject({
      code: 422,
      details: { causes: [{ field: "metadata.annotations" }] },
    });
  }),
]);
