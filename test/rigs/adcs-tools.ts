import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";
import { describeWithRigs } from "./rigs.ts";

const packages = "krb5-kdc krb5-admin-server krb5-user python3-gssapi gss-ntlmssp curl";
const domainPackages = "samba samba-ad-dc samba-ad-provision";

/** Commands of the packages; Debian keeps servers out of an ordinary user's PATH. */
const commands = ["krb5kdc", "kdb5_util", "kadmin.local", "kinit", "curl", "openssl"] as const;

const mechanism = ["/etc/gss/mech.d/mech.ntlmssp.conf", "/usr/etc/gss/mech.d/mech.ntlmssp.conf"];
const gssapi = ["/usr/lib/python3/dist-packages/gssapi/__init__.py"];

/** PATH with the folders of the servers. */
export const adcsPath = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].join(delimiter);

/** What is missing for the acceptors, with what to install; undefined where nothing is. */
export function missingAcceptors(): string | undefined {
  const command = commands.find(
    (name) => !adcsPath.split(delimiter).some((folder) => can(join(folder, name), constants.X_OK)),
  );
  if (command !== undefined) return `${command} is not on PATH; apt-get install ${packages}`;
  if (!mechanism.some((path) => can(path))) return `gss-ntlmssp is missing; apt-get install ${packages}`;
  if (process.env.ADCS_ACCEPTORS_PYTHON === undefined && !gssapi.some((path) => can(path)))
    return `python3-gssapi is missing; apt-get install ${packages}`;
  return undefined;
}

/** The same for a domain controller. */
function missingDomain(): string | undefined {
  const onPath = (name: string) =>
    adcsPath.split(delimiter).some((folder) => can(join(folder, name), constants.X_OK));
  if (!onPath("samba") || !onPath("samba-tool") || !can("/usr/share/samba/setup/provision_users.ldif"))
    return `Samba is missing; apt-get install ${domainPackages}`;
  return process.getuid?.() === 0 ? undefined : "Samba makes a domain as root only";
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
  describeUnless(missingAcceptors(), title, suite);
}

/** The same for a suite that needs a domain controller beside them. */
export function describeWithAdDomain(title: string, suite: () => void): void {
  describeUnless(missingAcceptors() ?? missingDomain(), title, suite);
}

function describeUnless(missing: string | undefined, title: string, suite: () => void): void {
  if (missing === undefined) describeWithRigs(["adcs-acceptors"], title, suite);
  else if (process.env.CI === "true") throw new Error(missing);
  else describe.skip(`${title} (skipped: ${missing})`, suite);
}
