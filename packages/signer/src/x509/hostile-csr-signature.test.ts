import { describe, it } from "vitest";
import { expectRefused } from "./hostile-csr-fixture.ts";
import { hostileSignatures } from "./hostile-csr-signature-fixture.ts";

describe("a certification request", () => {
  it.each(hostileSignatures)("with %s is refused", (_name, make, message) => {
    expectRefused(make(), message);
  });
});
