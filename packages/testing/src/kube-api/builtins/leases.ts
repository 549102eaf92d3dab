import { type FieldError, invalid } from "../field-error.ts";
import { at } from "../json.ts";
import { leaseColumns } from "./columns.ts";
import type { BuiltinDefinition } from "./define-builtin.ts";
import { integer, microTime, object, text } from "./schemas.ts";

/** coordination.k8s.io Leases. */
export const leases: BuiltinDefinition = {
  group: "coordination.k8s.io",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
  fields: {
    spec: object({
      holderIdentity: text,
      leaseDurationSeconds: integer,
      acquireTime: microTime,
      renewTime: microTime,
      leaseTransitions: integer,
      strategy: text,
      preferredHolder: text,
    }),
  },
  columns: leaseColumns,
  zero: { spec: {} },
  rules: {
    validate(lease) {
      const errors: FieldError[] = [];
      const duration = at(lease, "spec", "leaseDurationSeconds");
      const transitions = at(lease, "spec", "leaseTransitions");
      if (typeof duration === "number" && duration <= 0)
        errors.push(invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"));
      if (typeof transitions === "number" && transitions < 0) {
        errors.push(invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
      }
      return errors;
    },
  },
};
