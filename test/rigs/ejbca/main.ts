import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startEjbca } from "./start-ejbca.ts";

const help = `An EJBCA simulator: the REST interface as recorded from an EJBCA CE 8.2.0.1. It is no EJBCA.

  node test/rigs/ejbca/main.ts [--out DIR] [--port N] [--nodes N] [--revision TEXT]

  --out DIR         where tls-ca.pem, the clients' NAME.crt and NAME.key, and the CAs' chains go (./ejbca-simulator)
  --port N          port of the first host; a free one by default
  --nodes N         hosts that share the database; 1 by default
  --revision TEXT   what the status resource says; from "EJBCA 9.3.3" on, end_time is honoured

It runs until SIGINT or SIGTERM.
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h", default: false },
    out: { type: "string", default: "ejbca-simulator" },
    port: { type: "string" },
    nodes: { type: "string", default: "1" },
    revision: { type: "string" },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  const folder = resolve(process.env.INIT_CWD ?? ".", values.out);
  mkdirSync(folder, { recursive: true });
  const ejbca = await startEjbca({
    port: values.port === undefined ? undefined : Number(values.port),
    nodes: Number(values.nodes),
    revision: values.revision,
  });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write("tls-ca.pem", ejbca.tlsCaPem);
  for (const [name, { cert, key }] of Object.entries(ejbca.clients)) {
    write(`${name}.crt`, cert);
    write(`${name}.key`, key);
  }
  for (const [name, chain] of Object.entries(ejbca.chains)) write(`${name}.chain.pem`, chain);
  process.stdout.write(`EJBCA simulator (8.2.0.1 as recorded; it is no EJBCA)
  REST           ${ejbca.urls.join(", ")}
  token server   ${ejbca.oauth.tokenUrl} (client cert-manager, secret cert-manager-secret)
  files          ${folder}
  try            curl --cacert tls-ca.pem --cert issuer.crt --key issuer.key ${ejbca.url}/v1/ca
`);
  const end = () => void ejbca.stop();
  process.once("SIGINT", end).once("SIGTERM", end);
}
