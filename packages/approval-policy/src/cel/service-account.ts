import { type CelFunc, CelScalar, celFunc, celMethod, isCelMap, mapType } from "@bufbuild/cel";

const prefix = "system:serviceaccount:";
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const { BOOL, STRING } = CelScalar;
// The checker keeps this apart from maps: rules see only getName() and getNamespace().
const serviceAccountType = mapType(STRING, STRING);

/** `serviceAccount(username)`, `isServiceAccount(username)`, `.getName()` and `.getNamespace()` of approver-policy. */
export const serviceAccountFunctions: readonly CelFunc[] = Object.freeze([
  celFunc("isServiceAccount", [STRING], BOOL, (username) => splitUsername(username) !== undefined),
  celFunc("serviceAccount", [STRING], serviceAccountType, (username) => {
    const account = splitUsername(username);
    if (account === undefined) throw new Error("the username is not that of a service account");
    return new Map(Object.entries(account));
  }),
  celMethod("getName", serviceAccountType, [], STRING, function () {
    return textOf(isCelMap(this) ? this.get("name") : undefined);
  }),
  celMethod("getNamespace", serviceAccountType, [], STRING, function () {
    return textOf(isCelMap(this) ? this.get("namespace") : undefined);
  }),
]);

function splitUsername(username: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!username.startsWith(prefix)) return undefined;
  const [namespace = "", name = "", ...rest] = username.slice(prefix.length).split(":");
  const labels = name.split(".");
  const valid =
    rest.length === 0 &&
    label.test(namespace) &&
    name.length <= 253 &&
    labels.every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part));
  return valid ? { namespace, name } : undefined;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new Error("this is not a service account");
  return value;
}
