import { createServer } from "node:net";

// Below every system's ephemeral range: while a server is down, an outgoing connection could otherwise take
// its port (or even connect to itself), and the server could not come back.
const FIRST = 15_000;
const LAST = 29_999;

/** A TCP port of 127.0.0.1 that nothing listens on now, and that no outgoing connection will take. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
