/** A secret, and a sentence as a careless author or library would put it into an error. */
export interface PlantedSecret {
  readonly kind: string;
  /** What must be seen nowhere. */
  readonly canary: string;
  readonly text: string;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const random64 = "q8Zr2LkT0vYxW5nBmC7dEfGhJ1aS3uPoIiUy4tRe6XwVzNbMlKjHgFdSa9QpOo/+";
const pemBody = (label: string) =>
  `-----BEGIN ${label}-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END ${label}-----`;
const pem = (kind: string, label: string): PlantedSecret => ({
  kind,
  canary: "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
  text: `cannot use the key ${pemBody(label)} of the Secret`,
});
const plant = (kind: string, canary: string, sentence: (canary: string) => string): PlantedSecret => ({
  kind,
  canary,
  text: sentence(canary),
});

/** 25 kinds of secrets in the words of errors. Those of `known` have no form of their own: only their value tells. */
export const planted: readonly PlantedSecret[] = [
  pem("a PKCS#8 key", "PRIVATE KEY"),
  pem("an encrypted key", "ENCRYPTED PRIVATE KEY"),
  pem("an RSA key", "RSA PRIVATE KEY"),
  pem("an OpenSSH key", "OPENSSH PRIVATE KEY"),
  {
    ...pem("a key that was cut", "EC PRIVATE KEY"),
    text: `bad key ${pemBody("EC PRIVATE KEY").split("-----END")[0]}`,
  },
  plant("a bearer token", "s3cr3tBearerT0ken", (it) => `401 for Authorization: Bearer ${it}`),
  plant("a bearer token in prose", "Zm9vYmFyQmF6MQ", (it) => `the PKI refused Bearer ${it} just now`),
  plant("a Basic header", base64("ra-user:Pa55word"), (it) => `sent Basic ${it}, got 401`),
  plant("a Negotiate ticket", "YIIFzQYGKwYBBQUCoIIFwTCCBb2gJDAiBgkqhkiC", (it) => `Negotiate ${it} refused`),
  plant("an NTLM hash", "TlRMTVNTUAADAAAAGAAYAHIAAAA", (it) => `NTLM ${it} refused`),
  plant("a password in a URL", "hunter2!", (it) => `GET https://ra:${it}@pki.example.com/x failed`),
  plant("a user in a URL", "ghp_onlyuser", (it) => `GET https://${it}@pki.example.com/x failed`),
  plant("a token in a query", "qtok-77aa", (it) => `GET https://pki.example.com/x?token=${it}&a=1 failed`),
  plant("a client secret in a form", "cs-1234-zz", (it) => `body grant_type=x&client_secret=${it}&b=2`),
  plant("a password in a form", "Summer2026", (it) => `user=ra&password=${it}`),
  plant("a PIN", "739154", (it) => `C_Login failed, pin=${it}`),
  plant("a PIN of a URI", "739155", (it) => `pkcs11:token=ca;object=k?pin-value=1&pin=${it}`),
  plant("a password with a colon", "Winter2027", (it) => `login with password: ${it}`),
  plant("a JSON password", "Autumn 2028", (it) => `sent {"username":"ra","password":"${it}"}`),
  plant("a JSON access token", "acc-9876", (it) => `got {"access_token":"${it}","expires_in":60}`),
  plant("a session cookie", "JSESSIONID=8F3A", (it) => `Set-Cookie: ${it}; Path=/`),
  plant("a request cookie", "sid=77fe", (it) => `with Cookie: ${it}`),
  plant("an API key header", "venafi-key-1", (it) => `X-Api-Key: ${it}`),
  plant("a Vault token", "hvs.CAESIJlWh0aBcDeF", (it) => `token ${it} is not valid`),
  plant(
    "a JWT for an audience",
    "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJwa2kifQ.c2ln",
    (it) => `TokenRequest gave ${it}`,
  ),
  plant("a long base64 value", random64, (it) => `unexpected answer ${it}`),
];
