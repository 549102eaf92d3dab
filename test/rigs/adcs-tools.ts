import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";
import { describeWithRigs } from "./rigs.ts";

const packages = "krb5-kdc krb5-admin-server krb5-user python3-gssapi gss-ntlmssp curl";

/** Commands of the packages; Debian keeps servers out of an ordinary user's PATH. */
const commands = ["krb5kdc", "kdb5_util", "kadmin.local", "kinit", "curl", "openssl"] as const;

const mechanism = ["/etc/gss/mech.d/mech.ntlmssp.conf", "/usr/etc/gss/mech.d/mech.ntlmssp.conf"];
const gssapi = ["/usr/lib/python3/dist-packages/gssapi/__init__.py"];

/** PATH with the folders of the servers. */
export const adcsPath = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].join(delimiter);

/** What is missing for the acceptors, with what to install; undefined where nothing is. */
function missingAcceptors(): string | undefined {
  const command = commands.find(
    (name) => !adcsPath.split(delimiter).some((folder) => can(join(folder, name), constants.X_OK)),
  );
  if (command !== undefined) return `${command} is not on PATH; apt-get install ${packages}`;
  if (!mechanism.some((path) => can(path))) return `gss-ntlmssp is missing; apt-get install ${packages}`;
  if (process.env.ADCS_ACCEPTORS_PYTHON === undefined && !gssapi.some((path) => can(path)))
    return `python3-gssapi is missing; apt-get install ${packages}`;
  return undefined;
}

function can(path: string, mode = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** `describe` for a suite on foreign acceptors: skipped with the reason where they are missing, failing where `CI=true`. */
export function describeWithAcceptors(title: string, suite: () => void): void {
  const missing = missingAcceptors();
  if (missing === undefined) describeWithRigs(["adcs-acceptors"], title, suite);
  else if (process.env.CI === "true") throw new Error(missing);
  else describe.skip(`${title} (skipped: ${missing})`, suite);
}
