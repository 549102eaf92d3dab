import { type Answer, jsonAnswer, Refused } from "./answer.ts";
import type { Approvals } from "./approvals.ts";
import type { StoredCertificate } from "./certificate-store.ts";
import { javaHashCode } from "./distinguished-name.ts";
import { texts } from "./texts.ts";

/** Revocations that wait for administrators: the answer carries neither id nor link. */
export class RevocationApprovals {
  readonly #approvals: Approvals;
  readonly #waiting = new Map<StoredCertificate, string>();

  constructor(approvals: Approvals) {
    this.#approvals = approvals;
  }

  /** Id of the request that waits for the certificate's revocation; what `approve` takes. */
  idFor(stored: StoredCertificate): string | undefined {
    return this.#waiting.get(stored);
  }

  /** 202; a second one while the first waits is a 400. */
  submit(stored: StoredCertificate, carryOut: () => void): Answer {
    if (this.#waiting.has(stored))
      throw new Refused(400, texts.approvalExists(javaHashCode(stored.fingerprint)));
    const id = this.#approvals.add(() => {
      this.#waiting.delete(stored);
      carryOut();
    });
    this.#waiting.set(stored, id);
    return jsonAnswer(202, { status_code: 202, info_message: texts.revocationWaits });
  }
}
