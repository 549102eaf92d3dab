import { describe, expect, test } from "vitest";
import { Lifecycle, type Trouble } from "./lifecycle.ts";

function setUp() {
  const lifecycle = new Lifecycle();
  const troubles: Trouble[] = [];
  lifecycle.on("trouble", (trouble) => troubles.push(trouble));
  return { lifecycle, troubles };
}

describe("Lifecycle", () => {
  test("tells the listeners after one that throws, and reports it", () => {
    const { lifecycle, troubles } = setUp();
    const heard: number[] = [];
    const error = new Error("hook");
    lifecycle.on("audit:lost", () => {
      throw error;
    });
    lifecycle.on("audit:lost", ({ lines }) => heard.push(lines));
    lifecycle.announce("audit:lost", { lines: 3 });
    expect(heard).toEqual([3]);
    expect(troubles).toEqual([{ where: "a listener of audit:lost", error }]);
  });

  test("reports what an async listener rejects with", async () => {
    const { lifecycle, troubles } = setUp();
    const error = new Error("late");
    lifecycle.on("audit:lost", async () => {
      throw error;
    });
    lifecycle.announce("audit:lost", { lines: 1 });
    await new Promise((done) => setImmediate(done));
    expect(troubles).toEqual([{ where: "a listener of audit:lost", error }]);
  });

  test("survives a listener of trouble that throws", () => {
    const { lifecycle, troubles } = setUp();
    lifecycle.on("trouble", () => {
      throw new Error("again");
    });
    lifecycle.announce("trouble", { where: "x", error: undefined });
    expect(troubles).toEqual([{ where: "x", error: undefined }]);
  });

  test("lets go of listeners by themselves, and of `once` after one call", () => {
    const { lifecycle } = setUp();
    const heard: string[] = [];
    const listener = () => void heard.push("on");
    lifecycle.on("audit:lost", listener);
    lifecycle.once("audit:lost", () => void heard.push("once"));
    lifecycle.announce("audit:lost", { lines: 1 });
    lifecycle.announce("audit:lost", { lines: 1 });
    lifecycle.off("audit:lost", listener);
    lifecycle.announce("audit:lost", { lines: 1 });
    expect(heard).toEqual(["on", "once", "on"]);
    expect(lifecycle.listenerCount("audit:lost")).toBe(0);
  });

  test("calls a listener in its context", () => {
    const { lifecycle } = setUp();
    const context = { heard: 0 };
    lifecycle.on(
      "audit:lost",
      function (this: typeof context, { lines }: { readonly lines: number }) {
        this.heard += lines;
      },
      context,
    );
    lifecycle.announce("audit:lost", { lines: 2 });
    expect(context.heard).toBe(2);
  });
});
