import { newSelfSignedCa } from "@countersign/issuer-core";
import { runDemo } from "@countersign/issuer-testing";
import { softwareCa } from "./software-ca.ts";

const day = 86_400_000;

await runDemo({
  name: "software-ca",
  definition: softwareCa,
  prepare() {
    const now = Date.now();
    const ca = newSelfSignedCa({
      commonName: "Countersign Demo CA",
      notBefore: new Date(now - day),
      notAfter: new Date(now + 3650 * day),
    });
    const key = ca.key.export({ type: "pkcs8", format: "pem" }).toString();
    return {
      spec: { secretName: "demo-ca" },
      secrets: { "demo-ca": { "tls.crt": ca.certificate.pem, "tls.key": key } },
      notes: ["made a CA and put it into the Secret default/demo-ca"],
    };
  },
});
