import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { connectTo, failureOf } from "./connect-fixture.ts";
import { FakeEjbca } from "./fake-ejbca-fixture.ts";
import { enrolling } from "./fake-enrolment-fixture.ts";

const enrol = "POST v1/certificate/pkcs10enroll";
const fields = [
  ["certificateAuthorityName", "certificate_authority_name"],
  ["certificateProfileName", "certificate_profile_name"],
  ["endEntityProfileName", "end_entity_profile_name"],
  ["endEntityName", "username"],
] as const;

describe("annotations", () => {
  test.each(fields)("may set %s to a value that the issuer lists", async (field, sent) => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    await using ejbca = connectTo(fake.url, { ejbca: { overrides: { [field]: ["One", "Two"] } } });
    await ejbca.sign({ annotations: { [`ejbca.example.com/${field}`]: "Two" } });
    expect(fake.calls.at(-1)?.json[sent]).toBe("Two");
  });

  test.each(fields)("may not set %s to another value, nor without a list", async (field) => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    const annotations = { [`ejbca.example.com/${field}`]: "Admin" };
    for (const overrides of [
      undefined,
      {},
      { [field]: ["One"] },
      { annotationPrefix: "other.example.com" },
    ]) {
      await using ejbca = connectTo(fake.url, { ejbca: { overrides } });
      const call = ejbca.sign({ annotations });
      if (overrides !== undefined && "annotationPrefix" in overrides) await call;
      else {
        const error = await failureOf(call);
        expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
        expect(error.message).toContain(`overrides.${field}`);
      }
    }
    expect(fake.count(enrol)).toBe(1);
  });

  test("of Keyfactor's issuer are taken where the issuer names their prefix", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    const annotationPrefix = "ejbca-issuer.keyfactor.com";
    await using ejbca = connectTo(fake.url, {
      ejbca: { overrides: { annotationPrefix, certificateProfileName: ["Web"] } },
    });
    await ejbca.sign({ annotations: { [`${annotationPrefix}/certificateProfileName`]: "Web" } });
    expect(fake.calls.at(-1)?.json.certificate_profile_name).toBe("Web");
  });

  test("decide what is looked for after a crash as well", async () => {
    await using fake = await FakeEjbca.start();
    const ca = enrolling(fake);
    const request = await signRequestFor({ annotations: { "ejbca.example.com/endEntityName": "shared" } });
    const leaf = await ca.sign(request.parsedCsr);
    fake.routes["POST v1/certificate/search"] = ({ json }) =>
      JSON.stringify(json).includes('"shared"') ? ca.found(leaf) : ca.found();
    fake.routes["GET v1/ca/CN%3DLabIssuingCA/certificate/download"] = { body: ca.certificate.pem };
    await using ejbca = connectTo(fake.url, { ejbca: { overrides: { endEntityName: ["shared"] } } });
    expect(await ejbca.find(request)).toMatchObject({ status: "issued" });
  });
});
