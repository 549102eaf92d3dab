import { uuidOf } from "../guid.ts";
import type { Ledger } from "../ledger.ts";
import type { SimulatorCa } from "../simulator-ca.ts";
import type { CloudAccess } from "./access.ts";
import { cloudError, knownCodes } from "./error.ts";
import type { CloudLedgerEntry } from "./ledger.ts";
import type { CloudOrders } from "./orders.ts";
import { type CloudTemplate, templateId } from "./template.ts";

/** Applications by name, each with its templates by their alias. */
export type CloudZones = Map<string, Map<string, CloudTemplate>>;

/** All that the calls of a simulator of the SaaS work on. */
export interface CloudState {
  readonly ca: SimulatorCa;
  readonly access: CloudAccess;
  readonly orders: CloudOrders;
  readonly zones: CloudZones;
  readonly ledger: Ledger<CloudLedgerEntry>;
  readonly clock: () => Date;
  readonly companyId: string;
}

export function applicationId(name: string): string {
  return uuidOf(`application ${name}`);
}

/** The templates of an application. Throws the 404 of one that is not there. */
export function templatesOf({ zones }: CloudState, name: string): ReadonlyMap<string, CloudTemplate> {
  const templates = zones.get(name);
  if (templates !== undefined) return templates;
  throw cloudError(404, knownCodes.notFound, `Unable to find application for key ${name}`, [name]);
}

/** The zone of two ids. Throws the error of an application that is not there, or has no such template. */
export function zoneOf({ zones }: CloudState, application: string, template: string) {
  for (const [name, templates] of zones)
    if (applicationId(name) === application)
      for (const [alias, rules] of templates)
        if (templateId(alias) === template) return { zone: `${name}\\${alias}`, template: rules };
  const message = `Unable to find certificateIssuingTemplate for key ${template}`;
  throw cloudError(400, knownCodes.notFound, message, [template]);
}
