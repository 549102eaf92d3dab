import { describe, expect, it } from "vitest";
import { parseCsr } from "./certification-request.ts";
import { hostileEncodings, nested } from "./hostile-csr-encoding-fixture.ts";
import { ec, expectRefused } from "./hostile-csr-fixture.ts";
import { encodePem } from "./pem.ts";
import { attribute, attributesField } from "./request-fixture.ts";

const honest = ec({});

describe("a certification request", () => {
  it.each(hostileEncodings)("with %s is refused", (_name, make, message) => {
    expectRefused(make(), message);
  });

  it("is taken when only nothing of this is wrong with it", () => {
    expect(parseCsr(honest).subject).toBe("CN=host.example.com");
    expect(parseCsr(encodePem("NEW CERTIFICATE REQUEST", honest)).der).toEqual(honest);
    expect(parseCsr(ec({ attributes: attributesField(attribute("1.2.3", nested(20))) })).extensions).toEqual(
      [],
    );
  });
});
