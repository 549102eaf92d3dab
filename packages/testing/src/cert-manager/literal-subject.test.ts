import { expect, test } from "vitest";
import { parseLiteralSubject } from "./literal-subject.ts";

test("a literal subject is read back to front, with RFC 4514 escapes undone", () => {
  expect(parseLiteralSubject("cn=Lu\\C4\\8Di\\C4\\87 \\+ Co, O = Acme\\, Inc ,2.5.4.5=\\#7")).toEqual([
    { type: "2.5.4.5", value: "#7" },
    { type: "O", value: "Acme, Inc" },
    { type: "CN", value: "Lučić + Co" },
  ]);
  expect(parseLiteralSubject("CN=a=b")).toEqual([{ type: "CN", value: "a=b" }]);
});

test.each(["CN=a+O=b", "CN", "CN=#0403", "=a", 'CN="a"'])("%s is refused, not misread", (text) => {
  expect(() => parseLiteralSubject(text)).toThrow(RangeError);
});
