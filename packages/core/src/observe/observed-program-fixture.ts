import { issued } from "@countersign/issuer-signer";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { runIssuer } from "../run/run-issuer.ts";

/** An issuer as a program, for tests that need a process to send signals to. */
await runIssuer(
  defineIssuer({
    group: "pki.example.com",
    version: "v1",
    kinds: { namespaced: "AcmeIssuer" },
    spec: z.object({}),
    connect: () => ({ check: async () => {}, sign: async () => issued({ chain: "" }) }),
  }),
);
