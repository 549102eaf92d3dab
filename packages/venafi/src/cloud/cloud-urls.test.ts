import { describe, expect, test } from "vitest";
import { cloudRegions, cloudUrl } from "./cloud-urls.ts";

describe("cloudUrl", () => {
  test("knows the regions by name, and the US by default", () => {
    expect(cloudUrl(undefined, undefined)).toBe("https://api.venafi.cloud");
    expect(cloudUrl(undefined, "eu")).toBe("https://api.venafi.eu");
    expect(new Set(cloudRegions.map((region) => cloudUrl(undefined, region))).size).toBe(6);
  });

  test.each([
    ["https://api.venafi.cloud/v1", "https://api.venafi.cloud"],
    ["https://api.venafi.cloud/v1/", "https://api.venafi.cloud"],
    ["http://api.example.com", "https://api.example.com"],
    ["api.eu.example.com/base/", "https://api.eu.example.com/base"],
  ])("%j is %j", (url, base) => {
    expect(cloudUrl(url, undefined)).toBe(base);
  });

  test("refuses both, and what is no URL", () => {
    expect(() => cloudUrl("https://x", "eu")).toThrow("Remove one of them");
    expect(() => cloudUrl("https://x/?a", undefined)).toThrow("cloud.url");
    expect(() => cloudUrl("https:// ", undefined)).toThrow("cloud.url");
  });
});
