import type { Endpoints, EndpointsCallOptions } from "@countersign/issuer-signer";
import type { VenafiAnswer } from "./answer.ts";
import { NotTheServersFault } from "./server-error.ts";

/** Calls one server after the other until one is well; what is not a server's fault opens no circuit, and is thrown. */
export async function callServers(
  endpoints: Endpoints,
  call: (server: string) => Promise<VenafiAnswer>,
  options: EndpointsCallOptions,
): Promise<VenafiAnswer> {
  const end = await endpoints.call(
    (server) =>
      call(server).catch((error: unknown) => {
        if (error instanceof NotTheServersFault) return error;
        throw error;
      }),
    options,
  );
  if (end instanceof NotTheServersFault) throw end;
  return end;
}
