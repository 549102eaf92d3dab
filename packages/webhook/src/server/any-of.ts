import type { Authenticate } from "./caller.ts";
import { HttpProblem } from "./http-problem.ts";

/**
 * Takes whoever one of the ways knows. A way that refuses what it was shown decides: a bad token is not made good by a
 * certificate beside it.
 *
 * @throws HttpProblem 401 where a request uses none of them, with `hint` on what to use
 */
export function anyOf(ways: readonly Authenticate[], hint: string): Authenticate {
  return async (request, signal) => {
    for (const way of ways) {
      const caller = await way(request, signal);
      if (caller !== undefined) return caller;
    }
    throw new HttpProblem({
      status: 401,
      code: "unauthenticated",
      message: `Nobody is named. ${hint}`,
      headers: { "www-authenticate": "Bearer" },
    });
  };
}
