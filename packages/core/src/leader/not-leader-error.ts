/** A call of the PKI was about to begin in a process that does not hold the lease. */
export class NotLeaderError extends Error {
  constructor() {
    super("this process does not hold the lease");
    this.name = "NotLeaderError";
  }
}
