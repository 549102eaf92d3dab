import { IssuerError } from "@countersign/issuer-signer";
import type { Credentials } from "./credentials.ts";

/** RFC 6750 §2.1. */
const bearerToken = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * A bearer token that lies in a Secret.
 *
 * @throws IssuerError where it is none
 */
export function storedToken(secret: string): Credentials {
  const token = secret.trim();
  if (!bearerToken.test(token))
    throw new IssuerError(
      token === ""
        ? "The Secret with the bearer token is empty. Store the token in it."
        : "The Secret holds something that is no bearer token. Store the token alone, on one line.",
    );
  return fixed(`Bearer ${token}`);
}

/**
 * User and password of a Secret, as UTF-8 (RFC 7617 §2.1).
 *
 * @throws IssuerError for an empty password, and a user name with a colon
 */
export function basicCredentials(username: string, secret: string): Credentials {
  const user = username.trim();
  const password = secret.replace(/\r?\n$/, "");
  if (user === "" || user.includes(":"))
    throw new IssuerError(
      "The user name is empty or has a colon. Correct it in the issuer's spec or Secret.",
    );
  if (password === "")
    throw new IssuerError("The Secret with the password is empty. Store the password in it.");
  return fixed(`Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`);
}

function fixed(authorization: string): Credentials {
  const headers = Object.freeze({ authorization });
  return { canRefresh: false, headers: async () => headers };
}
