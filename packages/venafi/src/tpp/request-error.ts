import { IssuerError, RequestRejected, RetryableError, type SignerError } from "@countersign/issuer-signer";
import type { VenafiAnswer } from "../answer.ts";
import { said } from "../server-error.ts";
import { inQuotes, itSaid } from "../words.ts";
import { tppWords } from "./tpp-words.ts";

interface Reading {
  readonly pattern: RegExp;
  readonly make: (message: string) => SignerError;
  readonly remedy: string;
}

const issuerFault = (message: string) => new IssuerError(message);
const forTheMoment = (message: string) => new RetryableError(message, { issuedNothing: true });

/** Words of a 400 that are not about the one request: another request would be refused as well. */
const readings: readonly Reading[] = [
  {
    pattern: /server generated csr|PKCS#10 data will not be processed/i,
    make: issuerFault,
    remedy:
      "Unlock CSR generation in the zone, or set it to User Provided CSRs: the key never leaves Kubernetes.",
  },
  {
    pattern: /need a certificate authority/i,
    make: issuerFault,
    remedy: "Give the zone a CA template, or set tpp.cadn.",
  },
  {
    pattern: /CADN|certificate authority.*(does not exist|not found|invalid)/i,
    make: issuerFault,
    remedy: "Correct tpp.cadn, and let the user read the CA template.",
  },
  {
    pattern: /PolicyDN.*(does not exist|not found)|policy.*does not exist/i,
    make: issuerFault,
    remedy: "Correct zone, and let the user see the folder.",
  },
  {
    pattern: /permission|sufficient rights|access (is )?denied|not authorized/i,
    make: issuerFault,
    remedy: "Give the user rights to view, read, write and create in the zone's folder.",
  },
  {
    pattern: /in progress|being processed|try again|timed? ?out|temporar/i,
    make: forTheMoment,
    remedy: "It is tried again.",
  },
];

/** What the 400 to a certificate request means: most are about what this one request asks for. */
export function requestError(answer: VenafiAnswer, zone: string): SignerError {
  const words = tppWords(answer);
  const reading = readings.find(({ pattern }) => pattern.test(words ?? ""));
  const refused = `${said("TPP", answer)}: it does not take the request in zone ${inQuotes(zone)}.${itSaid(words)}`;
  if (reading !== undefined) return reading.make(`${refused} ${reading.remedy}`);
  return new RequestRejected(
    `${refused} Ask for what the zone's policy allows, or have the policy changed; then create a new request.`,
  );
}
