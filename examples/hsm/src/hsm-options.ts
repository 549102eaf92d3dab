import type { OperatorPin, Pkcs11IssuerOptions } from "@countersign/issuer-pkcs11-hsm";

/**
 * What the operator says by the environment:
 *
 * - `COUNTERSIGN_HSM_MODULES`: the PKCS#11 modules that issuers may use, absolute paths with a colon between them
 * - `COUNTERSIGN_HSM_PIN_<NAME>_FILE`, `COUNTERSIGN_HSM_PIN_<NAME>`: PINs for `operatorPin: <name>` of cluster issuers, the
 *   name in small letters
 */
export function hsmOptions(env: Readonly<Record<string, string | undefined>>): Pkcs11IssuerOptions {
  const paths = (env.COUNTERSIGN_HSM_MODULES ?? "").split(":").filter((path) => path !== "");
  const pins = Object.entries(env).flatMap(([variable, value]): [string, OperatorPin][] => {
    const [, name, file] = /^COUNTERSIGN_HSM_PIN_([A-Z0-9]+)(_FILE)?$/.exec(variable) ?? [];
    if (name === undefined || value === undefined || value === "") return [];
    return [[name.toLowerCase(), file === undefined ? { value } : { file: value }]];
  });
  // The modules need their configuration from the environment; the PINs in it are none of their business.
  const moduleEnv = Object.fromEntries(
    Object.entries(env).filter(([variable]) => !variable.startsWith("COUNTERSIGN_")),
  );
  return { modules: paths.map((path) => ({ path, env: moduleEnv })), pins: Object.fromEntries(pins) };
}
