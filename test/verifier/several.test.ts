/** Verifiers beside each other on one PostgreSQL, of which any may die; and a database that goes away and comes back. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEvidence, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import { SentLogs } from "../../packages/isoline/src/fleet/sent-logs.ts";
import { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import { openStore } from "../../packages/verifier/src/store/index.ts";
import type { Node, NodeList, Refusal, Result } from "../../packages/verifier/src/http/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";
import { VerifierProcess } from "./process.ts";
import { type Answer, Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });

describe.skipIf(!isCI || needsPostgres || !isBuilt)(
  "verifiers beside each other (CI; needs Debian's postgresql and a build)",
  () => {
    const server = new PostgresServer();
    const rig = new Rig();
    const nodes = ["node-1", "node-2", "node-3"].map((name) => new SoftwareNode(name));
    const [node, second, third] = nodes as [SoftwareNode, SoftwareNode, SoftwareNode];
    let one: VerifierProcess;
    let two: VerifierProcess;
    const start = () =>
      VerifierProcess.start(rig.place, rig.configuration({ database: server.address("fleet"), due: 1, stale: 10 }));
    const by = <T = Result>(verifier: VerifierProcess, whose: SoftwareNode, told = {}): Promise<Answer<T>> => {
      rig.at(verifier.address);
      return rig.attest<T>(whose, told);
    };
    /** As an agent does: a refusal that names seconds to wait is waited for. */
    const until = async (verifier: VerifierProcess, whose: SoftwareNode, told = {}): Promise<Answer<Result>> => {
      for (let tries = 0; tries < 200; tries++) {
        const answer = await by<Result>(verifier, whose, told).catch(() => undefined);
        if (answer?.status === 200) return answer;
        await setTimeout(100);
      }
      throw new Error("no answer in time");
    };

    beforeAll(async () => {
      await server.start();
      await prepare(server, "fleet");
      await rig.enrol(nodes, server.address("fleet"));
      [one, two] = [await start(), await start()];
      rig.at(one.address);
      await rig.rules();
    });
    afterAll(async () => {
      await one.end("SIGKILL");
      await two.end("SIGKILL");
      await server.close();
      await rig.close();
    });

    it("takes evidence at any of them, and none takes back what another accepted", async () => {
      expect((await by(one, node, { clock: 50_000n })).body).toMatchObject({ state: "affirming" });
      expect((await by(two, node, { clock: 60_000n, canisters: [bad] })).body.canisters).toMatchObject([
        { state: "contraindicated" },
      ]);
      expect((await by(one, node, { clock: 55_000n })).body).toMatchObject({
        state: "contraindicated",
        failure: "rollback",
      });
      rig.at(two.address);
      expect((await rig.get<Node>("/v1/nodes/node-1")).body).toMatchObject({
        state: "contraindicated",
        failure: "rollback",
      });
    });

    it("knows at each what was put at the other", async () => {
      rig.at(two.address);
      await rig.rules(samplePolicy({ version: 2, kernels: ["7.*"] }));
      expect((await by(one, second)).body).toMatchObject({ state: "contraindicated", failure: "untrusted-platform" });
      rig.at(one.address);
      await rig.rules(samplePolicy({ version: 3 }));
      expect((await by(one, second)).body.state).toBe("affirming");
      expect((await by(two, second)).body.state).toBe("affirming");
    });

    it("a revocation at one holds at the other from its answer on", async () => {
      expect((await by(one, third)).body.state).toBe("affirming");
      rig.at(two.address);
      expect(await rig.call("POST", "/v1/nodes/node-3/revocation", { body: { reason: "stolen" } })).toMatchObject({
        status: 200,
      });
      expect((await by<Refusal>(one, third)).status).toBe(403);
      const epochAt = async (verifier: VerifierProcess) => {
        rig.at(verifier.address);
        return (await rig.get<{ epoch: number }>("/v1/epoch", "")).body.epoch;
      };
      expect(await epochAt(two)).toBe(1);
      await expect.poll(() => epochAt(one), { timeout: 10_000 }).toBe(1);
    });

    it("has no logs of a node that it takes over, and asks for them once", async () => {
      const log = randomBytes(200);
      const of = (challenge: string) => {
        const evidence = readEvidence(second.evidence(Buffer.from(challenge, "hex")));
        return { ...evidence, imaList: Uint8Array.from(log) };
      };
      const sent = new SentLogs();
      const send = async (verifier: VerifierProcess, challenge: string) => {
        rig.at(verifier.address);
        const evidence = of(challenge);
        const whole = writeEvidence(evidence);
        const delta = sent.deltaOf(evidence, whole);
        sent.forget();
        const headers = { "isoline-challenge": challenge };
        const path = `/v1/nodes/${second.name}/attestations`;
        const asDelta =
          delta && (await rig.call<Refusal>("POST", `${path}/delta`, { token: second.token, body: delta, headers }));
        const answer = await rig.call<Result>("POST", path, { token: second.token, body: whole, headers });
        sent.answered(evidence, answer.body.kept);
        return { asDelta, answer };
      };
      rig.at(one.address);
      const first = await send(one, await rig.challenge(second));
      const taken = await send(two, first.answer.body.challenge);
      expect(taken.asDelta).toMatchObject({ status: 409, body: { error: { code: "full-log-needed" } } });
      expect(taken.answer.body).toMatchObject({ state: first.answer.body.state, kept: first.answer.body.kept });
      expect((await send(two, taken.answer.body.challenge)).asDelta).toMatchObject({ status: 200 });
      expect((await by(one, second)).body.state).toBe("affirming");
    });

    it("goes on when one is killed, and has lost no verdict", async () => {
      expect((await by(one, second, { canisters: [bad] })).body.canisters).toMatchObject([
        { state: "contraindicated" },
      ]);
      await one.end("SIGKILL");
      rig.at(two.address);
      const { body } = await rig.get<NodeList>("/v1/nodes");
      expect(body.items.slice(1).map(({ state, canisters }) => [state, canisters.contraindicated])).toEqual([
        ["affirming", 1],
        ["revoked", 0],
      ]);
      const refused = await by<Refusal>(two, second, { canisters: [bad] });
      expect(refused).toMatchObject({ status: 503, body: { error: { code: "owned-elsewhere" } } });
      expect(refused.headers.get("retry-after")).toBe("1");
      expect((await until(two, second, { canisters: [bad] })).body.canisters).toMatchObject([
        { state: "contraindicated" },
      ]);
    });

    it("writes nothing of a node that it took over, as long as the node says what was written before", async () => {
      const store = await openStore(server.address("fleet"));
      const written = () => store.db.selectFrom("evidence").select("at").where("node", "=", "node-2").execute();
      const before = await written();
      await until(two, second, { canisters: [bad] });
      expect(await written()).toEqual(before);
      one = await start();
      await until(one, second, { canisters: [bad] });
      await until(two, second, { canisters: [bad] });
      expect(await written()).toEqual(before);
      await until(two, second);
      expect(await written()).not.toEqual(before);
      await until(two, second, { canisters: [bad] });
      await one.end("SIGKILL");
      await store.close();
    });

    it("watches the nodes of one that was killed, and marks those that are silent", async () => {
      rig.at(two.address);
      let { body } = await rig.get<Node>("/v1/nodes/node-2");
      for (let tries = 0; tries < 300 && body.state !== "stale"; tries++) {
        await setTimeout(100);
        ({ body } = await rig.get<Node>("/v1/nodes/node-2"));
      }
      expect(body).toMatchObject({ state: "stale", failure: "unreachable", canisters: { stale: 1 } });
    });

    it("keeps its lease while all of its other connections to the database are busy", async () => {
      const store = await openStore(server.address("fleet"));
      let lost = 0;
      const lease = new Lease(store.urgent, { lost: () => lost++, renewed: () => Promise.resolve() });
      await lease.begin();
      // Longer than a lease.
      const busy = Array.from({ length: 10 }, () =>
        store.db.selectNoFrom((of) => of.fn("pg_sleep", [of.val(9)]).as("slept")).execute(),
      );
      await Promise.all(busy);
      expect({ lost, isHeld: lease.isHeld }).toEqual({ lost: 0, isHeld: true });
      await lease.end();
      await store.close();
    });

    it("says that the database is gone, goes on when it is back, and has lost nothing", async () => {
      expect((await until(two, second)).body.state).toBe("affirming");
      await server.stop("SIGQUIT");
      rig.at(two.address);
      const gone = await rig.get<Refusal>("/v1/nodes");
      expect(gone).toMatchObject({ status: 503, body: { error: { code: "store-unreachable" } } });
      expect(gone.headers.get("retry-after")).toBe("1");
      await server.start();
      expect((await until(two, second)).body.state).toBe("affirming");
      rig.at(two.address);
      expect((await rig.get<Node>("/v1/nodes/node-3")).body).toMatchObject({ state: "revoked", why: "stolen" });
      expect((await rig.get<string>("/readyz")).body).toBe("ready\n");
    });

    it("gives its nodes back when it is told to end, so that another goes on at once", async () => {
      one = await start();
      expect(await two.end("SIGTERM")).toBe(0);
      expect((await by(one, second)).status).toBe(200);
    });

    it("is there again from a dump", async () => {
      const path = join(server.place, "dump");
      server.dump("fleet", path);
      server.create("restored");
      server.restore("restored", path);
      const configuration = rig.configuration({ database: server.address("restored") });
      const restored = await VerifierProcess.start(rig.place, configuration);
      rig.at(restored.address);
      const { body } = await rig.get<NodeList>("/v1/nodes");
      expect(body.items.map(({ name, state }) => [name, state])).toMatchObject([
        ["node-1", expect.anything()],
        ["node-2", "affirming"],
        ["node-3", "revoked"],
      ]);
      expect(await restored.end("SIGTERM")).toBe(0);
    });
  },
);
