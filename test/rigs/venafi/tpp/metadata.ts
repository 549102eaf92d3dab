import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { guidOf } from "../guid.ts";
import { flag, listOf, sdkBody, text } from "./body.ts";
import type { TppState } from "./state.ts";

const dnBody = z.looseObject({ DN: text });

const setBody = z.looseObject({
  DN: text,
  GuidData: listOf(z.looseObject({ ItemGuid: text, List: listOf(z.string()) })),
  KeepExisting: flag,
});

/** `POST metadata/get`: the custom fields of an object that have values. */
export function metadataGet(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const object = state.objects.get(sdkBody(dnBody, call).DN);
  const Data = [...object.customFields].map(([label, values]) => ({
    Key: metadataItem(label),
    Value: values,
  }));
  return { status: 200, json: { Data, Locked: false, Result: 0 } };
}

/** `POST metadata/getitems`: the custom fields that an object may have. */
export function metadataGetItems(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { policy } = state.folders.ofObject(sdkBody(dnBody, call).DN);
  const Items = (policy.customFields ?? []).map(({ label, allowed }) => metadataItem(label, allowed));
  return { status: 200, json: { Items, Locked: false, Result: 0 } };
}

/** `POST metadata/set`. Result 17: a value that the list field has not. */
export function metadataSet(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { DN, GuidData, KeepExisting } = sdkBody(setBody, call);
  const object = state.objects.get(DN);
  const rules = state.folders.ofObject(DN).policy.customFields ?? [];
  const wanted = GuidData.map(({ ItemGuid, List }) => {
    return { rule: rules.find(({ label }) => fieldGuid(label) === ItemGuid), List };
  });
  if (wanted.some(({ rule, List }) => List.some((value) => rule?.allowed?.includes(value) === false)))
    return { status: 200, json: { Locked: false, Result: 17 } };
  if (!KeepExisting) object.customFields.clear();
  for (const { rule, List } of wanted) if (rule !== undefined) object.customFields.set(rule.label, List);
  return { status: 200, json: { Locked: false, Result: 0 } };
}

const fieldGuid = (label: string) => guidOf(`custom field ${label}`);

function metadataItem(label: string, allowed: readonly string[] = []) {
  const guid = fieldGuid(label);
  return {
    AllowedValues: allowed,
    Classes: ["X509 Certificate", "Device", "Application Base"],
    DN: `\\VED\\Metadata Root\\${label}`,
    Guid: guid,
    Label: label,
    Name: guid,
    Policyable: true,
    Type: allowed.length > 0 ? 4 : 1,
  };
}
