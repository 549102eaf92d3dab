import { HsmFault } from "../hsm-fault.ts";
import type { KeySelector } from "../protocol.ts";
import { CKA, CKO } from "./constants.ts";
import type { Cryptoki, Handle } from "./cryptoki.ts";
import { readAttribute, readSpki } from "./public-key.ts";

/** A private key on the token. */
export interface FoundKey {
  readonly handle: Handle;
  /** SubjectPublicKeyInfo, where the token shows it. */
  readonly spki: Buffer | undefined;
  readonly label: string;
  readonly idHex: string;
  /** Each signature needs a login of its own (CKA_ALWAYS_AUTHENTICATE). */
  readonly alwaysAuthenticate: boolean;
}

/** Where the key was not found: after it was once there, that means that the token or the login is gone. */
export class KeyNotFound extends HsmFault {}

/**
 * The one private key that the selector describes: by CKA_ID and label as far as they are given, and by the public key of
 * the CA certificate, which decides. Labels are not unique on tokens, so two keys are refused and not picked from.
 * Without a login private keys are not shown, and that is no error: zero keys says nothing of why.
 */
export function findKey(cryptoki: Cryptoki, session: Handle, selector: KeySelector): FoundKey {
  const keys = listKeys(cryptoki, session, selector);
  const wanted = selector.spki === undefined ? undefined : Buffer.from(selector.spki);
  const fitting = keys.filter(
    ({ spki }) => wanted === undefined || spki === undefined || spki.equals(wanted),
  );
  const certain = fitting.filter(({ spki }) => wanted !== undefined && spki !== undefined);
  const chosen = certain.length > 0 ? certain : fitting;
  const [key, ...more] = chosen;
  if (key === undefined)
    throw new KeyNotFound(
      "configuration",
      keys.length === 0
        ? `the token has no private key ${describe(selector)}; check the key's id and label`
        : `none of the token's ${keys.length} private keys ${describe(selector)} is the key of the CA certificate; check both`,
    );
  if (more.length > 0)
    throw new HsmFault(
      "configuration",
      `${chosen.length} private keys on the token match ${describe(selector)}; name the key's id, or remove the copy`,
    );
  return key;
}

/** Every private key that the login shows, as far as id and label are given. */
export function listKeys(cryptoki: Cryptoki, session: Handle, selector: KeySelector = {}): FoundKey[] {
  return findObjects(cryptoki, session, CKO.PRIVATE_KEY, selector).map((handle) =>
    readKey(cryptoki, session, handle),
  );
}

function readKey(cryptoki: Cryptoki, session: Handle, handle: Handle): FoundKey {
  const id = readAttribute(cryptoki, session, handle, CKA.ID);
  return {
    handle,
    spki: readSpki(cryptoki, session, handle) ?? publicHalf(cryptoki, session, id),
    label: readAttribute(cryptoki, session, handle, CKA.LABEL)?.toString("utf8") ?? "",
    idHex: id?.toString("hex") ?? "",
    alwaysAuthenticate: readAttribute(cryptoki, session, handle, CKA.ALWAYS_AUTHENTICATE)?.[0] === 1,
  };
}

/** EC private keys do not carry their point: the public object beside them, under the same CKA_ID, does. */
function publicHalf(cryptoki: Cryptoki, session: Handle, id: Buffer | undefined): Buffer | undefined {
  if (id === undefined) return undefined;
  const halves = findObjects(cryptoki, session, CKO.PUBLIC_KEY, { idHex: id.toString("hex") });
  const spkis = halves.flatMap((half) => readSpki(cryptoki, session, half) ?? []);
  const [first, ...rest] = spkis;
  return rest.every((spki) => first?.equals(spki)) ? first : undefined;
}

/** Handles of the objects of a class, as far as id and label are given. */
export function findObjects(
  cryptoki: Cryptoki,
  session: Handle,
  objectClass: number,
  { idHex, label }: KeySelector,
): Handle[] {
  cryptoki.C_FindObjectsInit(session, [
    { type: CKA.CLASS, value: objectClass },
    ...(idHex === undefined ? [] : [{ type: CKA.ID, value: Buffer.from(idHex, "hex") }]),
    ...(label === undefined ? [] : [{ type: CKA.LABEL, value: Buffer.from(label, "utf8") }]),
  ]);
  try {
    const handles: Handle[] = [];
    for (;;) {
      const some = cryptoki.C_FindObjects(session, 64);
      if (some.length === 0) return handles;
      handles.push(...some);
      if (handles.length > maxObjects)
        throw new HsmFault("configuration", `the token has more than ${maxObjects} keys; name the key's id`);
    }
  } finally {
    cryptoki.C_FindObjectsFinal(session);
  }
}

const maxObjects = 4096;

function describe({ idHex, label, spki }: KeySelector): string {
  const parts = [
    idHex === undefined ? [] : [`with id ${idHex}`],
    label === undefined ? [] : [`labelled ${JSON.stringify(label)}`],
  ].flat();
  if (parts.length > 0) return parts.join(" ");
  return spki === undefined ? "at all" : "of the CA certificate";
}
