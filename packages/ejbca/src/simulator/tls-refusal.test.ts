import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newCredential } from "../../../../test/rigs/ejbca/clients.ts";
import { startEjbca } from "../../../../test/rigs/ejbca/start-ejbca.ts";
import { freePort } from "../../../../test/rigs/free-port.ts";
import { failureOf } from "../connect-fixture.ts";
import { connectSimulator } from "./connect-simulator.ts";

/**
 * OpenSSL in the place of EJBCA's listener, which sends the alert that WildFly was recorded with: Node's server only closes.
 */
test.each(["untrusted", "none"] as const)(
  "a listener's alert for the client certificate (%s) is told",
  async (which) => {
    await using ejbca = await startEjbca();
    const folder = await mkdtemp(join(tmpdir(), "countersign-tls-refusal-"));
    const tls = newCredential(ejbca.authority("ManagementCA"), {
      ...{ commonName: "localhost", now: new Date(), server: true },
    });
    await writeFile(join(folder, "server.pem"), tls.cert + tls.key);
    await writeFile(join(folder, "ca.pem"), ejbca.tlsCaPem);
    const port = await freePort();
    const options = ["-accept", `127.0.0.1:${port}`, "-cert", "server.pem", "-CAfile", "ca.pem", "-www"];
    const server = spawn(
      "openssl",
      ["s_server", ...options, "-Verify", "2", "-verify_return_error", "-quiet"],
      {
        ...{ cwd: folder, stdio: "ignore" },
      },
    );
    try {
      await expect.poll(() => isListening(port), { timeout: 5_000 }).toBe(true);
      const client = which === "none" ? { clientCert: undefined, clientKey: undefined } : {};
      await using signer = connectSimulator(ejbca, {
        ...{ client: "untrusted", url: `https://127.0.0.1:${port}`, secrets: client },
      });
      const error = await failureOf(signer.sign());
      expect(error).toMatchObject({ code: "ISSUER" });
      expect(error.message).toContain("ends TLS for the client certificate");
    } finally {
      server.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  },
);

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
