import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { parseServiceArguments } from "./arguments.ts";
import { readServiceConfig } from "./config.ts";

const folder = join(import.meta.dirname, "..", "samples");
const text = readFileSync(join(folder, "kubernetes.yaml"), "utf8");

interface Container {
  readonly command: readonly string[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
}

test("the sample of a configuration is one, and the Deployment mounts what it names", async () => {
  const config = await readServiceConfig(parseServiceArguments(["--config", join(folder, "config.yaml")]));
  const manifests = parseAllDocuments(text).map((document) => document.toJS());
  const deployment = manifests.find(({ kind }) => kind === "Deployment");
  const [container] = deployment.spec.template.spec.containers as Container[];
  const mounted = container?.volumeMounts.map(({ mountPath }) => mountPath) ?? [];
  const needed = [
    config.tls?.certFile ?? "",
    config.tls?.keyFile ?? "",
    config.clients?.caFile ?? "",
    `${config.secretsDirectory}/ejbca-client/tls.crt`,
    container?.command.at(-1) ?? "",
  ];
  for (const path of needed) expect(mounted.filter((mount) => path.startsWith(`${mount}/`))).toHaveLength(1);
  const ports = Object.fromEntries(
    (container?.ports ?? []).map(({ name, containerPort }) => [name, containerPort]),
  );
  expect(ports).toEqual({ https: config.port, probes: config.probePort });
  const grace = deployment.spec.template.spec.terminationGracePeriodSeconds;
  expect(grace * 1000).toBeGreaterThan(config.drain.delay + config.drain.timeout);
});
