import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { guidOf } from "../guid.ts";
import { flag, listOf, number, sdkBody, text } from "./body.ts";
import { policyDn } from "./folders.ts";
import { identityEntry, universalOf } from "./identity.ts";
import { refused } from "./objects.ts";
import { policyAnswer } from "./policy.ts";
import type { TppState } from "./state.ts";

const dnBody = z.looseObject({
  ObjectDN: text,
  ObjectGUID: text,
  AttributeName: text,
  Class: text,
  PolicyDN: text,
  DN: text,
});

/** `POST certificates/checkpolicy`. A `PKCS10` is passed over: what its assessment looks like no source says whole. */
export function checkPolicy(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { policy } = state.folders.get(policyDn(sdkBody(dnBody, call).PolicyDN));
  return { status: 200, json: { Error: null, Policy: policyAnswer(policy) } };
}

/** `POST config/isvalid`: 200 also for what is not there. */
export function isValid(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { ObjectDN } = sdkBody(dnBody, call);
  const dn = state.folders.find(ObjectDN)?.dn ?? state.objects.find(ObjectDN)?.dn;
  if (dn === undefined)
    return { status: 200, json: { Error: `Object ${ObjectDN} does not exist`, Result: 400 } };
  return { status: 200, json: { Object: configObject(state, dn), Result: 1 } };
}

/** `POST config/dntoguid` */
export function dnToGuid(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { ObjectDN } = sdkBody(dnBody, call);
  const dn = state.objects.find(ObjectDN)?.dn ?? state.folders.find(ObjectDN)?.dn;
  if (dn === undefined)
    return { status: 200, json: { Error: `Object ${ObjectDN} does not exist`, Result: 400 } };
  const { TypeName, GUID } = configObject(state, dn);
  return { status: 200, json: { ClassName: TypeName, GUID, HierarchicalGUID: GUID, Result: 1, Revision: 1 } };
}

/** `POST config/guidtodn` */
export function guidToDn(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { ObjectGUID } = sdkBody(dnBody, call);
  const dns = [...state.objects.all.map(({ dn }) => dn), ...state.folders.dns];
  const dn = dns.find((candidate) => guidOf(candidate) === ObjectGUID.toLowerCase());
  if (dn === undefined)
    return { status: 200, json: { Error: `Object ${ObjectGUID} does not exist`, Result: 400 } };
  const { TypeName } = configObject(state, dn);
  return { status: 200, json: { ClassName: TypeName, ObjectDN: dn, Result: 1, Revision: 1 } };
}

/** `POST config/readpolicy` and `config/findpolicy`, of which only the contacts are kept here. */
export function readPolicy(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { ObjectDN, AttributeName } = sdkBody(dnBody, call);
  const folder = state.folders.find(ObjectDN);
  if (folder === undefined)
    return { status: 200, json: { Error: `Object ${ObjectDN} does not exist`, Result: 400 } };
  const values = AttributeName === "Contact" ? (folder.policy.contacts ?? []) : [];
  return { status: 200, json: { Locked: false, PolicyDN: folder.dn, Result: 1, Values: values } };
}

/** `POST config/findobjectsofclass`: the folders below one. */
export function findObjects(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { ObjectDN, Class } = sdkBody(dnBody, call);
  const isBelow = (dn: string) => dn.toLowerCase().startsWith(`${ObjectDN.toLowerCase()}\\`);
  const dns = Class === "Policy" ? state.folders.dns : state.objects.all.map(({ dn }) => dn);
  const found = dns.filter(isBelow).map((dn) => configObject(state, dn));
  return { status: 200, json: { Objects: found, Result: 1 } };
}

function configObject(state: TppState, dn: string) {
  const guid = guidOf(dn);
  const at = dn.lastIndexOf("\\");
  const TypeName = state.folders.find(dn) === undefined ? "X509 Server Certificate" : "Policy";
  const names = { DN: dn, Name: dn.slice(at + 1), Parent: dn.slice(0, at), TypeName };
  return { AbsoluteGUID: guid, GUID: guid, Id: 1, Revision: 1, ...names };
}

/** `GET identity/self` */
export function identitySelf(_state: TppState, user: Parameters<typeof identityEntry>[0]): SimulatorAnswer {
  return { status: 200, json: { Identities: [identityEntry(user)] } };
}

const browseBody = z.looseObject({ Filter: text, Limit: number });

/** `POST identity/browse`: by the beginning of the name, as a product does, or by the whole e-mail address. */
export function browseIdentities(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { Filter, Limit } = sdkBody(browseBody, call);
  const sought = Filter.toLowerCase();
  const found = state.users.filter((user) => {
    return identityEntry(user).Name.toLowerCase().startsWith(sought) || user.email?.toLowerCase() === sought;
  });
  const entries = found.map(identityEntry);
  return { status: 200, json: { Identities: Limit === 0 ? entries : entries.slice(0, Limit) } };
}

const validateBody = z.looseObject({ ID: z.looseObject({ PrefixedUniversal: text, PrefixedName: text }) });

/** `POST identity/validate` */
export function validateIdentity(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { ID } = sdkBody(validateBody, call);
  const user = state.users.find((candidate) => {
    return universalOf(candidate) === ID.PrefixedUniversal || candidate.username === ID.PrefixedName;
  });
  if (user === undefined) throw refused("The identity does not exist.");
  return { status: 200, json: { ID: identityEntry(user) } };
}

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
