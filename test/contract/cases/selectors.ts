import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";
import { status } from "../status.ts";

async function labelled(t: ContractContext): Promise<void> {
  const sets = { a: { tier: "web", env: "prod" }, b: { tier: "web", env: "dev" }, c: { tier: "db" }, d: {} };
  for (const [name, labels] of Object.entries(sets)) {
    await t.created(t.widgets(), { ...t.widget(name, {}), metadata: { name, labels } });
  }
}

async function selected(t: ContractContext, query: Readonly<Record<string, string>>): Promise<string> {
  const { list } = await t.admin.get(t.widgets(), query);
  return list.items.map((item) => item.metadata.name).join("");
}

function byLabel(selector: string, expected: string) {
  return contractCase(`selects by label: ${selector}`, async (t) => {
    await labelled(t);
    expect(await selected(t, { labelSelector: selector })).toBe(expected);
  });
}

function badLabel(selector: string, message: string) {
  return contractCase(`refuses the label selector: ${selector}`, async (t) => {
    const answer = await t.admin.get(t.widgets(), { labelSelector: selector });
    expect(answer.body).toEqual(status(400, "BadRequest", message));
  });
}

export const selectorCases = contractArea("selectors", [
  byLabel("tier=web", "ab"),
  byLabel("tier==web,env=dev", "b"),
  byLabel("tier!=web", "cd"),
  byLabel("env", "ab"),
  byLabel("!env", "cd"),
  byLabel("env in (prod, dev)", "ab"),
  byLabel("env notin (prod)", "bcd"),
  byLabel("tier in (web),env notin (dev)", "a"),
  byLabel("tier=", ""),
  byLabel("env in (,prod)", "a"),
  byLabel(" tier = web , env ", "ab"),
  badLabel("env in prod", "unable to parse requirement: found 'prod' expected: '('"),
  badLabel("=x", "found '=', expected: !, identifier, or 'end of string'"),
  badLabel("a=b c", "found 'c', expected: ',' or 'end of string'"),

  badLabel(
    "tier>x",
    "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
  ),
  badLabel(
    `tier=${"x".repeat(64)}`,
    `unable to parse requirement: values[0][tier]: Invalid value: "${"x".repeat(64)}": must be no more than 63 bytes`,
  ),

  contractCase("refuses a label key or value that no label can have", async (t) => {
    for (const labelSelector of ["a/b/c=d", "a=-", "!"]) {
      const answer = await t.admin.get(t.widgets(), { labelSelector });
      expect(answer.status, labelSelector).toBe(400);
    }
  }),

  contractCase("selects by metadata.name and metadata.namespace", async (t) => {
    await labelled(t);
    expect(await selected(t, { fieldSelector: "metadata.name=b" })).toBe("b");
    expect(await selected(t, { fieldSelector: "metadata.name!=b" })).toBe("acd");
    expect(await selected(t, { fieldSelector: `metadata.namespace=${t.namespace},metadata.name=c` })).toBe(
      "c",
    );
    expect(await selected(t, { fieldSelector: "metadata.name=b", labelSelector: "tier=db" })).toBe("");
  }),

  contractCase("selects by the fields that the CRD declares selectable, defaults included", async (t) => {
    const acme = { group: "pki.example.com", kind: "Acme", name: "one" };
    await t.created(t.widgets(), t.widget("a", { issuerRef: acme }));
    await t.created(t.widgets(), t.widget("b", { issuerRef: { ...acme, name: "two" } }));
    await t.created(t.widgets(), t.widget("c", { issuerRef: { name: "one" } }));
    await t.created(t.widgets(), t.widget("d", {}));
    expect(await selected(t, { fieldSelector: "spec.issuerRef.group=pki.example.com" })).toBe("ab");
    expect(await selected(t, { fieldSelector: "spec.issuerRef.name=one,spec.issuerRef.kind=Acme" })).toBe(
      "a",
    );
    expect(await selected(t, { fieldSelector: "spec.issuerRef.group=cert-manager.io" })).toBe("c");
    expect(await selected(t, { fieldSelector: "spec.issuerRef.kind!=Acme" })).toBe("cd");
    expect(await selected(t, { fieldSelector: "spec.issuerRef.name=" })).toBe("d");
  }),

  contractCase("refuses a field that is not selectable", async (t) => {
    const custom = await t.admin.get(t.widgets(), { fieldSelector: "spec.size=3" });
    expect(custom.body).toEqual(status(400, "BadRequest", "field label not supported: spec.size"));
    const builtIn = await t.admin.get(t.configMaps(), { fieldSelector: "data.key=x" });
    expect(builtIn.body).toEqual(
      status(
        400,
        "BadRequest",
        '"data.key" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ),
    );
    const secrets = await t.admin.get(t.secrets(), { fieldSelector: "data.key=x" });
    expect(secrets.status).toBe(400);
  }),

  contractCase("refuses a field selector that does not parse", async (t) => {
    const answer = await t.admin.get(t.widgets(), { fieldSelector: "metadata.name" });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ reason: "BadRequest" });
  }),

  contractCase("selects Secrets by type", async (t) => {
    await t.created(t.secrets(), { metadata: { name: "a" }, type: "example.com/one" });
    await t.created(t.secrets(), { metadata: { name: "b" } });
    const { list } = await t.admin.get(t.secrets(), { fieldSelector: "type=example.com/one" });
    expect(list.items.map((item) => item.metadata.name)).toEqual(["a"]);
  }),
]);
