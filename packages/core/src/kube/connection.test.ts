import { expect, test } from "vitest";
import { connectionTo } from "./connection.ts";

test("gives address, CA, namespace and token", async () => {
  const connection = connectionTo({ server: "https://api:6443", token: "t", ca: "pem", namespace: "n" });
  expect(connection).toMatchObject({ server: "https://api:6443", ca: "pem", namespace: "n" });
  expect(await connection.authorize?.({ refresh: false })).toEqual({ authorization: "Bearer t" });
  const anonymous = connectionTo({ server: "https://api:6443" });
  expect(await anonymous.authorize?.({ refresh: false })).toEqual({});
});

test.each(["http://127.0.0.1:1", "http://127.8.9.10", "http://localhost:8080", "http://[::1]:1"])(
  "plain http is accepted on loopback: %s",
  (server) => {
    expect(connectionTo({ server }).server).toBe(server);
  },
);

test.each([
  ["http://10.0.0.1", /plain http is for loopback addresses only/],
  ["http://127.0.0.1.example.com", /plain http is for loopback addresses only/],
  ["http://localhost.example.com", /plain http is for loopback addresses only/],
  ["https://user:secret@api", /without credentials/],
  ["ftp://api", /Expected `server` to be an http\(s\) URL/],
  ["api:6443", /Expected `server` to be an http\(s\) URL/],
  ["", /Expected `server` to be an http\(s\) URL/],
])("refuses %s", (server, message) => {
  expect(() => connectionTo({ server })).toThrow(message);
});

test("does not repeat credentials of the URL in its error", () => {
  expect(() => connectionTo({ server: "https://user:secret@api" })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("secret") }),
  );
});
