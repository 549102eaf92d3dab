import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { thumbprintOf } from "../thumbprint.ts";
import { listOf, sdkBody, text } from "./body.ts";
import { refused, type TppObject } from "./objects.ts";
import type { TppState } from "./state.ts";

/** `GET certificates/?Thumbprint=`, and by `CN`, `ParentDn` and `ParentDNRecursive` too; other filters are refused. */
export function searchCertificates(state: TppState, { query }: SimulatorCall): SimulatorAnswer {
  let found = state.objects.all;
  let [offset, limit] = [0, 100];
  for (const [name, value] of query) {
    const sought = value.toLowerCase();
    const filter = filters[name.toLowerCase()];
    if (filter !== undefined) found = found.filter((object) => filter(object, sought));
    else if (name.toLowerCase() === "limit") limit = Number(value);
    else if (name.toLowerCase() === "offset") offset = Number(value);
    else throw refused(`The filter ${name} is not supported.`);
  }
  const Certificates = found.slice(offset, offset + limit).map(summary);
  return { status: 200, json: { Certificates, DataRange: "Certificates 1 - 100", TotalCount: found.length } };
}

const filters: Readonly<Record<string, (object: TppObject, sought: string) => boolean>> = {
  thumbprint: ({ certificates }, sought) => {
    const der = certificates.at(-1)?.leaf.der;
    return der !== undefined && thumbprintOf(der).toLowerCase() === sought.replace(/[:. ]/g, "");
  },
  cn: ({ certificates }, sought) => certificates.at(-1)?.leaf.commonName?.toLowerCase() === sought,
  parentdn: ({ dn }, sought) => parentOf(dn).toLowerCase() === sought,
  parentdnrecursive: ({ dn }, sought) => dn.toLowerCase().startsWith(`${sought}\\`),
  validtogreater: ({ certificates }, sought) => {
    const leaf = certificates.at(-1)?.leaf;
    return leaf !== undefined && leaf.notAfter > new Date(sought.toUpperCase());
  },
};

const parentOf = (dn: string) => dn.slice(0, dn.lastIndexOf("\\"));

function summary(object: TppObject) {
  const { dn, guid, createdAt, certificates } = object;
  const leaf = certificates.at(-1)?.leaf;
  return {
    CreatedOn: createdAt.toISOString(),
    DN: dn,
    Guid: guid,
    Name: dn.slice(dn.lastIndexOf("\\") + 1),
    ParentDn: parentOf(dn),
    SchemaClass: "X509 Server Certificate",
    X509:
      leaf === undefined
        ? {}
        : {
            CN: leaf.commonName ?? "",
            SANS: { DNS: leaf.names.dns, IP: leaf.names.ip, Email: leaf.names.email, URI: leaf.names.uri },
            Serial: leaf.serialHex.toUpperCase(),
            Thumbprint: thumbprintOf(leaf.der),
            ValidFrom: leaf.notBefore.toISOString(),
            ValidTo: leaf.notAfter.toISOString(),
          },
  };
}

/** `GET certificates/{guid}` */
export function certificateDetails(state: TppState, guid: string): SimulatorAnswer {
  const object = byGuid(state, guid);
  const { customFields, disabled, origin, contacts } = object;
  const CustomFields = [...customFields].map(([Name, Value]) => ({ Name, Type: "Text", Value }));
  const json = { ...summary(object), Consumers: [], Contact: contacts, CustomFields, Disabled: disabled };
  return { status: 200, json: { ...json, Origin: origin } };
}

const updateBody = z.looseObject({
  AttributeData: listOf(z.looseObject({ Name: text, Value: z.array(z.string()).nullish() })),
});

/** `PUT certificates/{guid}`: of the attributes only `Disabled` has an effect here. */
export function updateCertificate(state: TppState, guid: string, call: SimulatorCall): SimulatorAnswer {
  const object = byGuid(state, guid);
  for (const { Name, Value } of sdkBody(updateBody, call).AttributeData)
    if (Name === "Disabled") object.disabled = Value?.[0] === "1";
  return { status: 200, json: {} };
}

function byGuid(state: TppState, guid: string): TppObject {
  const object = state.objects.all.find((candidate) => candidate.guid === guid.toLowerCase());
  if (object === undefined) throw refused(`Certificate ${guid} does not exist.`);
  return object;
}
