/** What a policy would change, by a verifier on each store: no more than the policy itself does, and nothing that it does is left out. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DryRun, NodeList } from "../../packages/verifier/src/http/model.ts";
import { canisterSample, digest } from "../attest/samples.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode, type Told } from "./software-node.ts";

const web = (change: object = {}) => canisterSample("web", change);
const off = { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } };
const anyOf = (more: object = {}) => [{ label: "*", register: "if-there", ...more }];
const references = { references: 1, contours: [{ name: "web", contour: "04".repeat(32), state: "05".repeat(32) }] };

/** The states that there are any of. */
const presentIn = (counts: Readonly<Record<string, number>>) => Object.keys(counts).filter((key) => counts[key] !== 0);

function contract(open: () => Promise<string | undefined>, close: () => Promise<void>): void {
  const rig = new Rig();
  const names = ["clock", "ended", "fork", "good", "off", "points"] as const;
  const nodes = new Map(names.map((name) => [name as string, new SoftwareNode(name)]));
  const node = (name: (typeof names)[number]) => nodes.get(name) as SoftwareNode;
  const attest = (name: (typeof names)[number], ...told: readonly Told[]) =>
    told.reduce<Promise<unknown>>((before, one) => before.then(() => rig.attest(node(name), one)), Promise.resolve());
  const tried = async (more: object = {}) => {
    const body = JSON.stringify(samplePolicy({ version: 9, ...more }));
    const answer = await rig.call<DryRun>("POST", "/v1/policies/default/dry-run", { body });
    const { changes, ...sums } = answer.body;
    const told = changes.map(({ node: of, label = "-", from, to }) => `${of} ${label} ${from} ${to}`);
    return { told, sums, reasons: changes.map(({ why }) => why) };
  };
  const nothing = { told: [], sums: { unlisted: 0, red: 0, green: 0, other: 0 } };
  let database: string | undefined;
  const start = (more: object) => rig.start({ ...(database !== undefined && { database }), ...more });

  beforeAll(async () => {
    database = await open();
    await rig.enrol([...nodes.values()], database);
    await start({ due: 60 });
    await rig.call("PUT", "/v1/references/all", { body: JSON.stringify(references) });
    await attest("good", { canisters: [web(), canisterSample("db", { started: 1 })] });
  });
  afterAll(async () => {
    await rig.close();
    await close();
  });

  it("tells of canisters also before the first policy, as of unknown ones", async () => {
    expect(await tried()).toMatchObject({
      told: ["good - unverifiable affirming", "good db unknown affirming", "good web unknown affirming"],
      sums: { red: 0, green: 3, other: 0, same: 0 },
    });
    expect(await tried({ canisters: [{ label: "db", register: "required" }] })).toMatchObject({
      told: ["good - unverifiable affirming", "good db unknown unverifiable", "good web unknown contraindicated"],
      sums: { red: 1, green: 1, other: 1, same: 0 },
      reasons: ["all checks pass", expect.stringMatching(/register/), expect.stringMatching(/a rule for this label/)],
    });
    expect(await tried({ kernels: ["7.*"] })).toMatchObject({
      told: ["good - unverifiable contraindicated"],
      sums: { red: 1, green: 0, other: 0, same: 0 },
    });
  });

  it("turns nothing green that is red for a rollback or a fork, and nothing at all by the policy in force", async () => {
    await rig.rules();
    await attest("good", { canisters: [web()] });
    await attest("fork", {}, { canisters: [web({ measurement: digest(9) })] });
    await attest("points", {}, { canisters: [web({ points: 6 })] });
    await attest("clock", { clock: 5000n }, { clock: 4000n });
    await attest("off", { canisters: [web(off)] });
    await attest("ended", { canisters: [web(), canisterSample("db", { started: 1 })] }, { canisters: [web()] });
    const { body } = await rig.get<NodeList>("/v1/nodes");
    expect(body.items.map(({ name, state, canisters }) => [name, state, ...presentIn(canisters)])).toEqual([
      ["clock", "contraindicated", "unverifiable"],
      ["ended", "affirming", "affirming"],
      ["fork", "affirming", "contraindicated"],
      ["good", "affirming", "affirming"],
      ["off", "affirming", "contraindicated"],
      ["points", "affirming", "contraindicated"],
    ]);
    expect(await tried({ version: 1 })).toMatchObject({ ...nothing, sums: { ...nothing.sums, same: 12 } });
    expect(await tried({ canisters: anyOf({ departures: 1 }) })).toMatchObject({
      told: ["off web contraindicated affirming"],
      sums: { red: 0, green: 1, other: 0, same: 11 },
    });
  });

  it("counts as red whatever becomes contraindicated, and otherwise what is only no longer proven bad", async () => {
    await rig.rules(samplePolicy({ version: 2, canisters: anyOf({ register: "required" }) }), references);
    await attest("good", {});
    expect(await tried({ canisters: [{ label: "db", register: "if-there" }] })).toMatchObject({
      told: expect.arrayContaining(["good web unverifiable contraindicated"]) as unknown,
      sums: { red: 2, green: 0, other: 0 },
    });
    expect(await tried({ kernels: ["7.*"] })).toMatchObject({
      told: expect.arrayContaining(["good - affirming contraindicated", "off web contraindicated unverifiable"]),
      sums: { red: 6, green: 0, other: 3, same: 3, unlisted: 0 },
    });
  });

  it("says that evidence is refused which was accepted by a newer policy than that", async () => {
    const { told, reasons } = await tried({ version: 1 });
    expect(told).toContain("good - affirming contraindicated");
    expect(reasons.at(-1)).toMatch(/^expected version 2 or a later one of policy default, got 1/);
  });

  it("makes no silent node heard, and tells where it would be judged worse", async () => {
    await rig.rules(samplePolicy({ version: 3 }), references);
    for (const name of ["good", "ended"] as const) await attest(name, {});
    await rig.stop();
    await start({ due: 1, stale: 4 });
    const states = async () => (await rig.get<NodeList>("/v1/nodes")).body.counts;
    await expect.poll(states, { timeout: 60_000, interval: 200 }).toMatchObject({ stale: 6 });
    expect(await tried({ version: 3 })).toMatchObject({ ...nothing, sums: { ...nothing.sums, same: 12 } });
    expect(await tried({ canisters: anyOf({ departures: 1 }) })).toMatchObject(nothing);
    expect((await tried({ kernels: ["7.*"] })).told).toEqual(
      ["ended", "fork", "good", "off", "points"].flatMap((name) => [
        `${name} - stale contraindicated`,
        ...(["ended", "good"].includes(name) ? [`${name} web stale unverifiable`] : []),
      ]),
    );
    expect((await tried({ kernels: ["7.*"] })).sums).toMatchObject({ red: 7, green: 0, other: 0, same: 5 });
  }, 90_000);

  it("has not failed", () => {
    expect(rig.failures).toEqual([]);
  });
}

describe("a policy that is tried, by the embedded store", () => {
  contract(
    () => Promise.resolve(undefined),
    () => Promise.resolve(),
  );
});

describe.skipIf(needsPostgres)("a policy that is tried, by PostgreSQL (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  const open = async () => {
    await server.start();
    await prepare(server, "tried");
    return server.address("tried");
  };
  contract(open, () => server.close());
});
