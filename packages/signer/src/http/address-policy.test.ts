import { describe, expect, test } from "vitest";
import { AddressPolicy } from "./address-policy.ts";

const policy = new AddressPolicy({});

describe("AddressPolicy", () => {
  test.each([
    ["93.184.215.14"],
    ["10.0.0.1"],
    ["172.16.5.4"],
    ["192.168.1.1"],
    ["100.64.0.1"],
    ["100.100.100.201"],
    ["169.253.255.255"],
    ["169.255.0.0"],
    ["1.0.0.0"],
    ["223.255.255.255"],
    ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    ["fd00::1"],
    ["fc00::1"],
    ["fec0::1"],
    ["::ffff:10.0.0.1"],
    ["64:ff9b::10.0.0.1"],
    ["2002:a00:1::"],
  ])("lets a name resolve to %s", (address) => {
    expect(policy.refusal("pki.example.com", address)).toBeUndefined();
  });

  test.each([
    ["169.254.169.254", "link-local"],
    ["169.254.0.0", "link-local"],
    ["169.254.255.255", "link-local"],
    ["169.254.170.2", "link-local"],
    ["fe80::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["febf:ffff::1", "link-local"],
    ["100.100.100.200", "metadata"],
    ["168.63.129.16", "metadata"],
    ["192.0.0.192", "metadata"],
    ["fd00:ec2::254", "metadata"],
    ["fd00:ec2::23", "metadata"],
    ["fd20:ce::254", "metadata"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["::", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.250", "multicast"],
    ["ff02::1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["240.0.0.1", "reserved"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["::1", "loopback"],
    // The same in IPv6 clothes: mapped, translated, compatible, NAT64, local NAT64, 6to4.
    ["::ffff:169.254.169.254", "link-local"],
    ["::ffff:a9fe:a9fe", "link-local"],
    ["0:0:0:0:0:ffff:a9fe:a9fe", "link-local"],
    ["::ffff:0:169.254.169.254", "link-local"],
    ["::169.254.169.254", "link-local"],
    ["64:ff9b::169.254.169.254", "link-local"],
    ["64:ff9b::a9fe:a9fe", "link-local"],
    ["64:ff9b:1::169.254.169.254", "link-local"],
    ["2002:a9fe:a9fe::1", "link-local"],
    ["::ffff:100.100.100.200", "metadata"],
    ["::ffff:0.0.0.0", "unspecified"],
    ["::2", "unspecified"],
    ["::ffff:127.0.0.1", "loopback"],
    ["64:ff9b::127.0.0.1", "loopback"],
    ["2002:7f00:1::", "loopback"],
    ["::ffff:224.0.0.1", "multicast"],
    ["hello", "not an IP"],
    ["", "not an IP"],
  ])("keeps a name from resolving to %s", (address, kind) => {
    expect(policy.refusal("pki.example.com", address)).toContain(kind);
  });

  test.each(["localhost", "127.0.0.1", "127.8.8.8", "::1"])(
    "lets %s be loopback, and nothing else",
    (name) => {
      expect(policy.refusal(name, "127.0.0.1")).toBeUndefined();
      expect(policy.refusal(name, "::1")).toBeUndefined();
      expect(policy.refusal(name, "10.0.0.1")).toContain("not a loopback");
      expect(policy.refusal(name, "169.254.169.254")).toContain("not a loopback");
    },
  );

  test.each(["localhost.", "a.localhost", "127.0.0.1.nip.io", "::ffff:127.0.0.1", "LOCALHOST.evil"])(
    "takes %s for no loopback name",
    (name) => {
      expect(policy.refusal(name, "127.0.0.1")).toContain("loopback");
    },
  );

  test("opens loopback to every name, or to none", () => {
    const open = new AddressPolicy({ allowLoopback: true });
    expect(open.refusal("pki.example.com", "127.0.0.1")).toBeUndefined();
    expect(open.refusal("pki.example.com", "169.254.169.254")).toContain("link-local");
    const shut = new AddressPolicy({ allowLoopback: false });
    expect(shut.refusal("localhost", "127.0.0.1")).toContain("loopback");
    expect(shut.refusal("127.0.0.1", "127.0.0.1")).toContain("loopback");
  });

  test("opens named ranges and no more", () => {
    const open = new AddressPolicy({ allowAddresses: ["169.254.10.0/24", "fe80::1", "127.0.0.5"] });
    expect(open.refusal("pki", "169.254.10.7")).toBeUndefined();
    expect(open.refusal("pki", "::ffff:169.254.10.7")).toBeUndefined();
    expect(open.refusal("pki", "169.254.11.7")).toBeDefined();
    expect(open.refusal("pki", "fe80::1")).toBeUndefined();
    expect(open.refusal("pki", "fe80::2")).toBeDefined();
    expect(open.refusal("pki", "127.0.0.5")).toBeUndefined();
    expect(open.refusal("pki", "127.0.0.1")).toBeDefined();
  });

  test("keeps IPv4 refused where all of IPv6 is open", () => {
    const open = new AddressPolicy({ allowAddresses: ["::/0"] });
    expect(open.refusal("pki", "fe80::1")).toBeUndefined();
    expect(open.refusal("pki", "169.254.169.254")).toBeDefined();
  });

  test.each(["10.0.0.0/33", "10.0.0/8", "fe80::/129", "example.com", "", "10.0.0.0/8/8", "10.0.0.0/-1"])(
    "does not take %j for a range",
    (range) => {
      expect(() => new AddressPolicy({ allowAddresses: [range] })).toThrow(/`allowAddresses`/);
    },
  );
});
