import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { number, sdkBody, text } from "./body.ts";
import type { TppUser } from "./grants.ts";
import { identityEntry, universalOf } from "./identity.ts";
import { refused } from "./objects.ts";
import type { TppState } from "./state.ts";

/** `GET identity/self` */
export function identitySelf(user: TppUser): SimulatorAnswer {
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
