import { afterAll, beforeAll, describe, test } from "vitest";
import { startTpp } from "../../../../test/rigs/venafi/start-tpp.ts";
import { count, grantOf, type Scene, startScene } from "./scene-fixture.ts";

const patient = 60_000;

describe("the refresh token of an issuer on a Kubernetes API", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  test.concurrent(
    "an access token that expires under 50 requests leads to exactly one refresh, kept in the Secret",
    async ({ expect }) => {
      await using tpp = await startTpp();
      const tokens = await grantOf(tpp);
      await scene.issuer("fifty", tpp, { secret: tokens });
      await scene.issuerIs("fifty", "True");
      tpp.control.expireAccessTokens();
      const names = Array.from({ length: 50 }, (_, at) => `fifty-${at}`);
      await Promise.all(names.map((name) => scene.ask(name, "fifty")));
      await Promise.all(names.map((name) => scene.until(name, "Issued")));
      expect([count(tpp, "refresh"), count(tpp, "refresh-refused")]).toEqual([1, 0]);
      expect([count(tpp, "order"), count(tpp, "certificate")]).toEqual([50, 50]);
      const kept = await scene.secretValues("fifty");
      expect(Object.keys(kept).sort()).toEqual(["access-token", "refresh-token"]);
      expect(kept["refresh-token"]).not.toBe(tokens["refresh-token"]);
      // Its own write makes no new connection, which would look at the token again.
      const verified = tpp.calls.filter(({ path }) => path.endsWith("authorize/verify")).length;
      expect(verified).toBeLessThanOrEqual(2);
    },
    patient,
  );

  test.concurrent(
    "that was used up makes the issuer not Ready, with what to do, and a new one heals it",
    async ({ expect }) => {
      await using tpp = await startTpp();
      const { "refresh-token": token } = await grantOf(tpp);
      await scene.issuer("first", tpp, { secret: { "refresh-token": token } });
      await scene.issuerIs("first", "True");
      await scene.issuer("second", tpp, { secret: { "refresh-token": token } });
      const message = await scene.issuerIs(
        "second",
        "False",
        "A refresh token works once: this one was used up",
      );
      expect(message).not.toContain(token);
      await scene.ask("waits", "second");
      await scene.until("waits", "Pending");
      const { "refresh-token": fresh } = await grantOf(tpp);
      await scene.secret("second", { "refresh-token": fresh });
      await scene.until("waits", "Issued");
      expect(count(tpp, "refresh-refused")).toBe(1);
    },
    patient,
  );

  test.concurrent(
    "survives a restart: the next process goes on with what was saved",
    async ({ expect }) => {
      await using own = await startScene();
      await using tpp = await startTpp();
      const { "refresh-token": token } = await grantOf(tpp);
      await own.issuer("restart", tpp, { secret: { "refresh-token": token } });
      await own.issuerIs("restart", "True");
      for (let round = 0; round < 3; round += 1) {
        await own.stopIssuer();
        await own.startIssuer();
        await own.ask(`round-${round}`, "restart");
        await own.until(`round-${round}`, "Issued");
      }
      expect([count(tpp, "refresh"), count(tpp, "refresh-refused")]).toEqual([4, 0]);
      expect(count(tpp, "grant-revoked")).toBe(0);
    },
    patient,
  );

  test.concurrent(
    "a stored access token that has expired makes the issuer not Ready, and requests wait for the next",
    async ({ expect }) => {
      await using tpp = await startTpp();
      const { "access-token": old } = await grantOf(tpp);
      tpp.control.expireAccessTokens();
      await scene.issuer("stored", tpp, { secret: { "access-token": old } });
      const message = await scene.issuerIs("stored", "False", "Store a new one, or a refresh-token");
      expect(message).not.toContain(old);
      await scene.ask("stored", "stored");
      const { "access-token": fresh } = await grantOf(tpp);
      await scene.secret("stored", { "access-token": fresh });
      await scene.until("stored", "Issued");
    },
    patient,
  );
});
