import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pkcs11Module } from "./pkcs11-tools.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** `p11-kit server`: a module behind a socket, which stands in for an HSM on the network. */
export interface P11KitServer extends AsyncDisposable {
  /** The module that talks to the socket. */
  readonly modulePath: string;
  readonly env: Readonly<Record<string, string>>;
  /** Kills the server with every connection, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again at the same socket. */
  restart(): Promise<void>;
}

/** Serves every token of a module. `env` is what that module needs in its environment. */
export async function startP11KitServer(
  provider: string,
  env: Readonly<Record<string, string>>,
): Promise<P11KitServer> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-p11kit-"));
  const socket = join(directory, "socket");
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  let server: ServerProcess | undefined;

  const start = async () => {
    await rm(socket, { force: true });
    server = await startServer({
      name: "p11-kit",
      command: "env",
      args: [...variables, "p11-kit", "server", "-f", "--provider", provider, "-n", socket, "pkcs11:"],
      logPath: join(directory, "log"),
    });
    for (let waited = 0; !(await exists(socket)); waited += 10) {
      if (waited > 10_000 || !server.running)
        throw new Error(`p11-kit server did not start: see ${directory}/log`);
      await delay(10);
    }
  };
  const kill = async () => {
    if (server === undefined) return;
    await killTree(server.pid);
    await server.ended;
    server = undefined;
  };
  await start();
  return {
    modulePath: pkcs11Module("p11-kit-client"),
    env: { P11_KIT_SERVER_ADDRESS: `unix:path=${socket}` },
    kill,
    restart: start,
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Each connection is a child process of the server. */
async function killTree(pid: number): Promise<void> {
  const parents = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const text = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const parent = / \w (\d+) /.exec(text.slice(text.lastIndexOf(")")))?.[1];
    if (parent !== undefined) parents.set(Number(entry), Number(parent));
  }
  const below = (root: number): number[] => [
    root,
    ...[...parents].filter(([, parent]) => parent === root).flatMap(([child]) => below(child)),
  ];
  for (const each of below(pid)) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
