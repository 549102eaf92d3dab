import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { guidOf } from "../guid.ts";
import { sdkBody, text } from "./body.ts";
import { policyDn } from "./folders.ts";
import { policyAnswer } from "./policy.ts";
import type { TppState } from "./state.ts";

const dnBody = z.looseObject({
  ObjectDN: text,
  ObjectGUID: text,
  AttributeName: text,
  Class: text,
  PolicyDN: text,
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
