const text = { type: "string" };

/** Schema of a text. */
export const string = (description?: string) => (description === undefined ? text : { ...text, description });

/** Schema of a list of texts that is replaced as a whole. */
export const strings = (description?: string) => ({
  type: "array",
  items: text,
  "x-kubernetes-list-type": "atomic",
  ...(description !== undefined && { description }),
});

/** Schema of an object with these fields. */
export const object = (properties: Readonly<Record<string, object>>, required: readonly string[] = []) => ({
  type: "object",
  properties,
  ...(required.length > 0 && { required }),
});

/** Schema of an RFC 3339 time. */
export const dateTime = { type: "string", format: "date-time" };

/** Schema of a map from text to text. */
export const stringMap = { type: "object", additionalProperties: text };

/** Schema of the key usages, in cert-manager's words. */
export const usages = {
  type: "array",
  "x-kubernetes-list-type": "atomic",
  items: {
    type: "string",
    enum: [
      "signing",
      "digital signature",
      "content commitment",
      "key encipherment",
      "key agreement",
      "data encipherment",
      "cert sign",
      "crl sign",
      "encipher only",
      "decipher only",
      "any",
      "server auth",
      "client auth",
      "code signing",
      "email protection",
      "s/mime",
      "ipsec end system",
      "ipsec tunnel",
      "ipsec user",
      "timestamping",
      "ocsp signing",
      "microsoft sgc",
      "netscape sgc",
    ],
  },
};

/** Schema of the reference to an issuer. Kind and group have no default in cert-manager's CRD: every reader applies its own. */
export const issuerRef = {
  ...object({ name: string(), kind: string(), group: string() }, ["name"]),
  description: "The issuer that signs. An empty kind means Issuer, an empty group cert-manager.io.",
};

/** Schema of a list of conditions, one per type. `observed` adds `observedGeneration`, which CertificateRequests lack. */
export const conditions = (observed: boolean) => ({
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
  items: object(
    {
      type: string(),
      status: { type: "string", enum: ["True", "False", "Unknown"] },
      reason: string(),
      message: string(),
      lastTransitionTime: dateTime,
      ...(observed && { observedGeneration: { type: "integer", format: "int64" } }),
    },
    ["type", "status"],
  ),
});
