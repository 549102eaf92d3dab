import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMilliseconds } from "./cpu-time-fixture.ts";
import { decodePem, encodePem, pemLimits } from "./pem.ts";
import { Refusal } from "./refusal.ts";

const read = (text: string | Uint8Array, allowText = false) =>
  decodePem(text, { limit: pemLimits.chain, allowText });
const block = encodePem("CERTIFICATE", Buffer.alloc(100, 1));

describe("encodePem", () => {
  it("writes 64 columns and a final newline", () => {
    const lines = encodePem("X", new Uint8Array(100)).split("\n");
    expect(lines.map(({ length }) => length)).toEqual([17, 64, 64, 8, 15, 0]);
  });
});

describe("decodePem", () => {
  it("reads back what was written, from text and bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 4 }), (bodies) => {
        const text = bodies.map((body) => encodePem("CERTIFICATE", body)).join("");
        for (const input of [text, Buffer.from(text)])
          expect(read(input).map(({ der }) => Buffer.from(der))).toEqual(
            bodies.map((body) => Buffer.from(body)),
          );
      }),
    );
  });

  it("takes CRLF, other line lengths and white space around", () => {
    const oneLine = block.replace(/(?<=[A-Za-z0-9+/])\n(?=[A-Za-z0-9+/])/g, "");
    for (const text of [block.replaceAll("\n", "\r\n"), `\n  \n${block}\n \n`, oneLine, block.trimEnd()])
      expect(read(text)[0]?.der).toEqual(Buffer.alloc(100, 1));
  });

  it.each([
    ["text before it", `garbage\n${block}`, /text outside/],
    ["text after it", `${block}garbage`, /text outside/],
    ["no END line", block.slice(0, -20), /no matching END/],
    ["another label in its END line", block.replace("END CERTIFICATE", "END X"), /no matching END/],
    ["a BEGIN line that is indented", `\n  ${block}`, /BEGIN line does not begin/],
    ["an END line behind base64", block.replace("\n-----END", "-----END"), /END line is not/],
    ["an END line that is indented", block.replace("-----END", " -----END"), /END line is not/],
    ["text on its END line", `${block.trimEnd()}x`, /END line is not/],
    ["a carriage return alone behind it", `${block.trimEnd()}\r`, /END line is not/],
    ["a second one on its END line", `${block.trimEnd()} ${block}`, /END line is not/],
    ["headers", block.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n"), /headers/],
    ["a character that is not base64", block.replace("AQEB", "AQ!B"), /not valid base64/],
    ["base64url", block.replace("AQEB", "AQ_B"), /not valid base64/],
    ["missing padding", block.replaceAll("=", ""), /not valid base64/],
    ["set bits behind the padding", block.replace("Q==", "R=="), /not valid base64/],
    ["nothing in it", "-----BEGIN X-----\n-----END X-----\n", /not valid base64/],
    ["a label of lower case", block.replaceAll("CERTIFICATE", "certificate"), /BEGIN line is malformed/],
    ["a body on the BEGIN line", block.replace("-----\n", "-----"), /BEGIN line is malformed|base64/],
    ["a block inside it", block.replace("-----\n", `-----\n${block}`), /no matching END|headers|base64/],
  ])("refuses a block with %s", (_name, text, message) => {
    expect(() => read(text)).toThrow(Refusal);
    expect(() => read(text)).toThrow(message);
  });

  it("skips text between blocks where the caller allows it, and finds blocks that were joined without a newline", () => {
    expect(read(`${block.trimEnd()}${block}`, true)).toHaveLength(2);
    expect(read(`  ${block}`, true)).toHaveLength(1);
    expect(read(`subject=x\n${block}issuer=y\n${block}end\n`, true)).toHaveLength(2);
  });

  it("refuses more than the limit, which counts bytes", () => {
    const limit = block.length;
    expect(decodePem(block, { limit })).toHaveLength(1);
    expect(() => decodePem(`${block}\n`, { limit })).toThrow(/at most/);
  });

  it("is linear in hostile text", () => {
    for (const part of [
      "-----BEGIN ",
      "-----BEGIN A-----\n",
      "-----",
      "-----END A-----\n",
      "\n \t",
      "A\n",
      block,
    ]) {
      const text = part.repeat(Math.floor(300_000 / part.length));
      const decode = (): void => {
        try {
          decodePem(text, { limit: pemLimits.bundle, allowText: true });
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      };
      expect(cpuMilliseconds(decode)).toBeLessThan(250);
    }
  });
});
