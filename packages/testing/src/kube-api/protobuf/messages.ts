import type { FieldType, Message } from "./decode-message.ts";

// Field numbers of the `generated.proto` files of Kubernetes' API packages: those never change.

type Fields = Message["fields"];

const message = (fields: Fields): Message => ({ fields });
const strings: FieldType = { list: "string" };
const texts: FieldType = { map: "string" };

const metadata = message({
  1: ["name", "string"],
  2: ["generateName", "string"],
  3: ["namespace", "string"],
  5: ["uid", "string"],
  6: ["resourceVersion", "string"],
  8: ["creationTimestamp", "time"],
  9: ["deletionTimestamp", "time"],
  10: ["deletionGracePeriodSeconds", "int"],
  11: ["labels", texts],
  12: ["annotations", texts],
  13: [
    "ownerReferences",
    {
      list: message({
        1: ["kind", "string"],
        3: ["name", "string"],
        4: ["uid", "string"],
        5: ["apiVersion", "string"],
        6: ["controller", "bool"],
        7: ["blockOwnerDeletion", "bool"],
      }),
    },
  ],
  14: ["finalizers", strings],
  17: [
    "managedFields",
    {
      list: message({
        1: ["manager", "string"],
        2: ["operation", "string"],
        3: ["apiVersion", "string"],
        4: ["time", "time"],
        6: ["fieldsType", "string"],
        7: ["fieldsV1", "json"],
        8: ["subresource", "string"],
      }),
    },
  ],
});

/** A kind, whose metadata is field 1. */
const kind = (fields: Fields): Message => message({ 1: ["metadata", metadata], ...fields });

const condition = message({
  1: ["type", "string"],
  2: ["reason", "string"],
  3: ["message", "string"],
  4: ["lastUpdateTime", "time"],
  5: ["lastTransitionTime", "time"],
  6: ["status", "string"],
});

const signingRequest = kind({
  2: [
    "spec",
    message({
      1: ["request", "bytes"],
      2: ["username", "string"],
      3: ["uid", "string"],
      4: ["groups", strings],
      5: ["usages", strings],
      6: ["extra", { map: "strings" }],
      7: ["signerName", "string"],
      8: ["expirationSeconds", "int"],
    }),
  ],
  3: ["status", message({ 1: ["conditions", { list: condition }], 2: ["certificate", "bytes"] })],
});

const resourceAttributes = message({
  1: ["namespace", "string"],
  2: ["verb", "string"],
  3: ["group", "string"],
  4: ["version", "string"],
  5: ["resource", "string"],
  6: ["subresource", "string"],
  7: ["name", "string"],
});
const nonResourceAttributes = message({ 1: ["path", "string"], 2: ["verb", "string"] });
const accessAttributes: Fields = {
  1: ["resourceAttributes", resourceAttributes],
  2: ["nonResourceAttributes", nonResourceAttributes],
};

const rules: FieldType = {
  list: message({
    1: ["verbs", strings],
    2: ["apiGroups", strings],
    3: ["resources", strings],
    4: ["resourceNames", strings],
    5: ["nonResourceURLs", strings],
  }),
};
const binding = kind({
  2: [
    "subjects",
    {
      list: message({
        1: ["kind", "string"],
        2: ["apiGroup", "string"],
        3: ["name", "string"],
        4: ["namespace", "string"],
      }),
    },
  ],
  3: ["roleRef", message({ 1: ["apiGroup", "string"], 2: ["kind", "string"], 3: ["name", "string"] })],
});

const tokenRequest = kind({
  2: [
    "spec",
    message({
      1: ["audiences", strings],
      3: [
        "boundObjectRef",
        message({
          1: ["kind", "string"],
          2: ["apiVersion", "string"],
          3: ["name", "string"],
          4: ["uid", "string"],
        }),
      ],
      4: ["expirationSeconds", "int"],
    }),
  ],
});

/** By group, version and kind, as in `v1 Secret`: what kubectl's commands and Go's typed clients send of what is served here. */
export const messages: Readonly<Record<string, Message>> = Object.freeze({
  "v1 Secret": kind({
    2: ["data", { map: "bytes" }],
    3: ["type", "string"],
    4: ["stringData", texts],
    5: ["immutable", "bool"],
  }),
  "v1 ConfigMap": kind({
    2: ["data", texts],
    3: ["binaryData", { map: "bytes" }],
    4: ["immutable", "bool"],
  }),
  "v1 Namespace": kind({
    2: ["spec", message({ 1: ["finalizers", strings] })],
    3: ["status", message({ 1: ["phase", "string"] })],
  }),
  "v1 ServiceAccount": kind({
    3: ["imagePullSecrets", { list: message({ 1: ["name", "string"] }) }],
    4: ["automountServiceAccountToken", "bool"],
  }),
  "authentication.k8s.io/v1 TokenRequest": tokenRequest,
  "authentication.k8s.io/v1 SelfSubjectReview": kind({}),
  "authorization.k8s.io/v1 SelfSubjectAccessReview": kind({ 2: ["spec", message(accessAttributes)] }),
  "authorization.k8s.io/v1 SubjectAccessReview": kind({
    2: [
      "spec",
      message({
        ...accessAttributes,
        3: ["user", "string"],
        4: ["groups", strings],
        5: ["extra", { map: "strings" }],
        6: ["uid", "string"],
      }),
    ],
  }),
  "rbac.authorization.k8s.io/v1 Role": kind({ 2: ["rules", rules] }),
  "rbac.authorization.k8s.io/v1 ClusterRole": kind({ 2: ["rules", rules] }),
  "rbac.authorization.k8s.io/v1 RoleBinding": binding,
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding": binding,
  "certificates.k8s.io/v1 CertificateSigningRequest": signingRequest,
});

/** Of every group and version. */
export const deleteOptions: Message = message({
  1: ["gracePeriodSeconds", "int"],
  2: ["preconditions", message({ 1: ["uid", "string"], 2: ["resourceVersion", "string"] })],
  3: ["orphanDependents", "bool"],
  4: ["propagationPolicy", "string"],
  5: ["dryRun", strings],
});
