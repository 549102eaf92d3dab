import { issued } from "@countersign/issuer-signer";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import type { EventSubject } from "../kube/event-recorder.ts";
import { recordKubeEvents } from "./kube-events.ts";
import { Lifecycle, type RequestWritten } from "./lifecycle.ts";

test.each([
  ["CertificateRequest", "cert-manager.io/v1"],
  ["CertificateSigningRequest", "certificates.k8s.io/v1"],
] as const)("an event about a %s names it by its own API, %s", (kind, apiVersion) => {
  const lifecycle = new Lifecycle();
  const subjects: EventSubject[] = [];
  const record = (subject: EventSubject) => void subjects.push(subject);
  const definition = defineIssuer({
    group: "pki.example.com",
    version: "v1",
    kinds: { cluster: "Acme" },
    spec: z.object({}),
    connect: () => ({ check: async () => {}, sign: async () => issued({ chain: "" }) }),
  });
  recordKubeEvents(lifecycle, { record }, definition);
  const step: RequestWritten = {
    request: { kind, namespace: "", name: "web", uid: "u" },
    issuer: { group: "pki.example.com", kind: "Acme", namespace: "", name: "acme" },
    reconcile: 1,
    requester: { username: "jane", groups: [] },
    approval: undefined,
    type: "Normal",
    reason: "Issued",
    message: "issued",
  };
  lifecycle.announce("request:issued", step);
  expect(subjects).toEqual([{ apiVersion, kind, metadata: { namespace: "", name: "web", uid: "u" } }]);
});
