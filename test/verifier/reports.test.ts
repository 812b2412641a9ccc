/** What canisters counted over time: when a report is kept, how many there are at most, and when they go. */
import { beforeAll, beforeEach, expect, it } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { onBothStores, type TestedStore } from "./both-stores.ts";
import { SoftwareNode } from "./software-node.ts";

const node = new SoftwareNode("node-1");
const affirming = { state: "affirming", failure: null, why: null } as const;
const stale = { state: "stale", failure: "stale", why: "silent" } as const;
const canister = (label: string, departures = 0, events = 1) => ({
  ...{ node: "node-1", label, tenant: "acme", image: null, contour: null, mode: "enforcing", sensor: "bpf" },
  ...({ root: "tpm", ...affirming } as const),
  ...{ links: "[]", started: new Date(0), points: 7, measurement: "06" },
  counters: JSON.stringify({ events, departures, refused: 0, lost: 0, untrusted: 0 }),
});

function contract({ store: opened, clear }: TestedStore): void {
  let store: stores.Connection;
  /** Seconds after the beginning of one slot of time. */
  const write = (
    seconds: number,
    canisters: stores.VerdictWrite["canisters"],
    more: Partial<stores.VerdictWrite> = {},
  ) =>
    stores.writeVerdict(store.db, {
      ...{ node: "node-1", verifier: "v1", at: new Date(seconds * 1000), verdict: affirming, columns: {}, canisters },
      ...more,
    });
  /** When each was kept, in seconds, and how many departures it says, the newest first. */
  const kept = async (label = "web") =>
    (await stores.reportsOf(store.db, "node-1", label)).map(({ at, counters }) => [
      at.getTime() / 1000,
      counters.departures,
    ]);
  const rows = async () => (await store.db.selectFrom("reports").select("label").execute()).length;

  beforeAll(() => {
    store = opened();
  });
  beforeEach(async () => {
    await clear(["nodes", "changes", "audit", "verifiers", "retired_keys"]);
    await stores.insertNode(store.db, node.row());
    await stores.beginLease(store.db, "v1", "host", 60);
    await stores.claimNode(store.db, "node-1", "v1");
  });

  it("are kept where a count changes, and not for events", async () => {
    await write(0, [canister("web"), canister("mail")]);
    await write(20, [canister("web", 1), canister("mail", 0, 900)]);
    await write(40, [canister("web", 1, 900), canister("mail", 0, 901)]);
    await write(60, undefined, { verdict: stale, others: stale });
    await write(80, [canister("web", 4), canister("mail", 0, 902)]);
    expect(await kept()).toEqual([
      [80, 4],
      [20, 1],
      [0, 0],
    ]);
    expect(await kept("mail")).toEqual([[0, 0]]);
  });

  it("are the last of those within ten seconds", async () => {
    for (const [seconds, departures] of [
      [1, 1],
      [4, 2],
      [9, 3],
      [10, 4],
    ] as const)
      await write(seconds, [canister("web", departures)]);
    expect(await kept()).toEqual([
      [10, 4],
      [9, 3],
    ]);
  });

  it("are at most 200 of a canister, and give way by their age here, whatever their times say", async () => {
    await write(999_990, [canister("web", 1)]);
    for (let at = 1; at <= 200; at++) await write(at * 10, [canister("web", 1 + at)]);
    const all = await kept();
    expect([all.length, all[0], all.at(-1)]).toEqual([200, [2000, 201], [10, 2]]);
  });

  it("are at most 10 000 of a node, shared evenly, also where it has more canisters than before", async () => {
    const many = (count: number, departures: number) =>
      Array.from({ length: count }, (_, at) => canister(`c${at}`, departures));
    for (let at = 0; at < 12; at++) await write(at * 10, many(800, at));
    expect(await rows()).toBe(800 * 12);
    await write(120, many(4096, 11));
    expect(await rows()).toBe(800 * 2 + (4096 - 800));
    expect(await kept("c0")).toEqual([
      [110, 11],
      [100, 10],
    ]);
    for (let at = 13; at < 16; at++) await write(at * 10, many(4096, at));
    expect(await rows()).toBe(4096 * 2);
  });

  it("go with their canister, and with their node", async () => {
    await write(0, [canister("web", 5), canister("mail")]);
    await write(20, [canister("mail", 3)]);
    expect([await kept(), await kept("mail")]).toEqual([
      [],
      [
        [20, 3],
        [0, 0],
      ],
    ]);
    await write(40, [canister("web"), canister("mail", 3)]);
    expect(await kept()).toEqual([[40, 0]]);
    const { token, id } = (await stores.findNode(store.db, "node-1")) as stores.NodeRow;
    const retiring = { verifier: "v1", who: "ann", isForced: true, pastOf: () => undefined };
    await stores.retireNode(store.db, { node: { name: "node-1", id, token }, ...retiring });
    expect(await rows()).toBe(0);
  });
}

onBothStores(contract);
