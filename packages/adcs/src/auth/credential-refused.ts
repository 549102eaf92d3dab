import { IssuerError } from "@countersign/issuer-signer";

/** A directory refused a credential: shown again, it would count against the account. */
export class CredentialRefused extends IssuerError {}
