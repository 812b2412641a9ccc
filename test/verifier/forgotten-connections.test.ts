/** Connections to the database on which nothing comes any more, and which do not end: its host is gone, or a firewall forgot them. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import { openStore } from "../../packages/verifier/src/store/index.ts";
import type { Refusal, Result } from "../../packages/verifier/src/http/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { isCI } from "../support/machine.ts";
import { Middlebox } from "./middlebox.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });

describe.skipIf(needsPostgres)("connections that answer no more (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  const [rig, other] = [new Rig(), new Rig()];
  const nodes = ["node-1", "node-2", "node-3", "node-4"].map((name) => new SoftwareNode(name));
  const [node] = nodes as [SoftwareNode];
  let box: Middlebox;
  let address: string;

  /** As an agent does: a refusal is waited for. */
  const until = async (verifier: Rig, whose: SoftwareNode, told = {}): Promise<Result> => {
    for (;;) {
      const answer = await verifier.attest<Result>(whose, told).catch(() => undefined);
      if (answer?.status === 200) return answer.body;
      await wait(200);
    }
  };

  beforeAll(async () => {
    await server.start();
    await prepare(server, "fleet");
    address = server.address("fleet");
    box = await Middlebox.before(server);
    await rig.enrol(nodes, address);
    await rig.start({ database: box.through(address) });
    await other.start({ database: address, keys: join(rig.place, "keys"), trust: join(rig.place, "trust") });
    await rig.rules();
  });
  afterAll(async () => {
    await rig.close();
    await other.close();
    await box.close();
    await server.close();
  });

  it("do not make a verifier deaf: it gives a node back to another one that asks for it", async () => {
    expect((await until(rig, node)).state).toBe("affirming");
    await expect.poll(() => box.forget("listening"), { timeout: 30_000 }).toBeGreaterThan(0);
    expect((await until(other, node)).state).toBe("affirming");
  }, 120_000);

  it("do not end the renewals of a lease", async () => {
    const store = await openStore(box.through(address));
    let renewals = 0;
    const renewed = () => Promise.resolve(void renewals++);
    const lease = new Lease(store.urgent, { lost: () => undefined, renewed });
    await lease.begin();
    await expect.poll(() => renewals, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(box.forget("all")).toBeGreaterThan(0);
    const before = renewals;
    await expect.poll(() => renewals > before && lease.isHeld, { timeout: 30_000 }).toBe(true);
    await lease.end();
    await store.close();
  }, 90_000);

  it.skipIf(!isCI)(
    "are a database that does not answer, for each request; then all goes on (CI)",
    async () => {
      for (const each of nodes) expect((await until(rig, each)).state).toBe("affirming");
      // Others than those of the verdicts: each has a connection of its own.
      await Promise.all([...Array(10).keys()].map(() => rig.get("/v1/nodes")));
      box.forget("all");
      const answers = await Promise.all([
        ...nodes.map((each) => rig.attest<Refusal>(each, { canisters: [bad] })),
        ...nodes.map(() => rig.get<Refusal>("/v1/nodes")),
      ]);
      for (const { status } of answers) expect(status).toBe(503);
      for (const each of nodes)
        expect((await until(rig, each, { canisters: [bad] })).canisters).toMatchObject([{ state: "contraindicated" }]);
      expect(await rig.get("/v1/nodes")).toMatchObject({ status: 200 });
    },
    180_000,
  );
});
