/**
 * Why a request was not decided, or will not be: `decided`: the opposite has been said, and neither may be taken back;
 * `replaced`: the name is another object's by now; `gone`: there is no such request; `failed`: its signer has given it up.
 */
export type ApprovalFailure = "decided" | "replaced" | "gone" | "failed";

/** A decision that the rules for approval do not let be made or waited for. Recognised by `code: "APPROVAL"`. */
export class ApprovalError extends Error {
  override readonly name = "ApprovalError";
  readonly code = "APPROVAL";
  readonly failure: ApprovalFailure;

  constructor(failure: ApprovalFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}
