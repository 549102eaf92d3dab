/** A PKCS #10 request for CN=x with a P-256 key, PEM. */
export const requestPem = [
  "-----BEGIN CERTIFICATE REQUEST-----",
  "MIHHMG4CAQAwDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA",
  "BIxigs2ZH6MFTVEFeAke97Sz2lmlGn4++B4wdVCSCJgW4WHICuBigbmeNjrzF9d0",
  "MvXoUh9lVOW+l6/0fbv3MxGgADAKBggqhkjOPQQDAgNJADBGAiEAjIQQktv/vIul",
  "XO//PnknnB5/ndP2QFypk4PbCMMRipECIQDcQ+U17TayIn3VEvPy84sB2AEjeed8",
  "gN8ohZbtjiAInA==",
  "-----END CERTIFICATE REQUEST-----",
  "",
].join("\n");

/** A self-signed certificate for CN=x with a P-256 key, valid until 2126, PEM. */
export const certificatePem = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBbzCCARWgAwIBAgIUaWe8XR4WbjJEqjLXtEaQ9Fc6ZQEwCgYIKoZIzj0EAwIw",
  "DDEKMAgGA1UEAwwBeDAgFw0yNjExMjQwOTM5MjlaGA8yMTI2MTAzMTA5MzkyOVow",
  "DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEld6INrtRkP",
  "9tbudDZlI0jtOpzagJBZXH0uCswOW9Z7tJEbjTtUMLvLcVmIC1IsICvjbAt1IPFH",
  "EQPkiozurIKjUzBRMB0GA1UdDgQWBBR5OB2AZr7QBmBLK+FJxHiILaSJqjAfBgNV",
  "HSMEGDAWgBR5OB2AZr7QBmBLK+FJxHiILaSJqjAPBgNVHRMBAf8EBTADAQH/MAoG",
  "CCqGSM49BAMCA0gAMEUCIAobr1VEtUkrk3cvO0agyRjoGXoo8OrPEVADA643/N+v",
  "AiEAkpufK0zXwAMf0ZiJS0qL+H5fxYIzVVbffWOcMVEjH4w=",
  "-----END CERTIFICATE-----",
  "",
].join("\n");

/** The base64 that the API carries PEM in. */
export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
