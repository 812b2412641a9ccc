/** A node that its verifier has forgotten, or is giving back: another verifier gets it, and no two have it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import type { OwnedNode } from "../../packages/verifier/src/fleet/owned-node.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { SoftwareNode } from "./software-node.ts";

const place = mkdtempSync(join(tmpdir(), "isoline-forgotten-"));
const leaseOf = (id: string) => ({ id, isHeld: true }) as unknown as Lease;
const node = new SoftwareNode("node-1");
const silent = new Date(5000);
const HOUR_MS = 3_600_000;
let store: stores.Connection;
let one: Ownership;
let two: Ownership;
/** At the first verifier: what a statement waits for that is no part of a transaction, and what its answer or a transaction's does. */
let held: Promise<void> | undefined;
let heldAnswer: Promise<void> | undefined;
const stands = async () => (await stores.findNode(store.db, "node-1")) as stores.NodeRow;

/** The same object, but for some of its members. */
const but = <T extends object>(all: T, members: Partial<T>): T =>
  new Proxy(all, {
    get: (_, key) => {
      const found = (Reflect.get(members, key) ?? Reflect.get(all, key)) as unknown;
      return typeof found === "function" ? (found.bind(all) as unknown) : found;
    },
  });
const late = (db: stores.Database): stores.Database => {
  const executor = db.getExecutor();
  const executeQuery: typeof executor.executeQuery = async (query) => {
    await held;
    const answer = await executor.executeQuery(query);
    await heldAnswer;
    return answer as never;
  };
  const begin = () => db.transaction();
  const execute: ReturnType<typeof begin>["execute"] = async (work) => {
    const answer = await begin().execute(work);
    await heldAnswer;
    return answer;
  };
  return but(db, {
    getExecutor: () => but(executor, { executeQuery }),
    transaction: () => but(begin(), { execute }),
  });
};

beforeAll(async () => {
  store = await stores.openStore(`pglite:${place}`);
  for (const id of ["one", "two"]) await stores.beginLease(store.db, id, "host", 600);
  one = new Ownership(late(store.db), leaseOf("one"), () => undefined);
  two = new Ownership(store.db, leaseOf("two"), () => undefined);
  await store.listen((channel, message) => {
    if (channel !== "isoline_release") return;
    for (const each of [one, two]) void each.release(message);
  });
});
afterAll(async () => {
  await store.close();
  rmSync(place, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const each of [one, two]) each.forgetAll();
  await store.db.deleteFrom("nodes").execute();
  await stores.insertNode(store.db, node.row());
  await store.db.updateTable("nodes").set({ seen: silent, silent, state: "affirming" }).execute();
});
afterEach(() => {
  held = undefined;
  heldAnswer = undefined;
});

it("is given back by who forgot it, as it was written", async () => {
  one.forget((await one.take("node-1")) as OwnedNode);
  await store.db.updateTable("nodes").set({ accepted: "before" }).execute();
  await one.release("one node-1");
  expect(await stands()).toMatchObject({ owner: null, accepted: "before", seen: silent, silent });
});

it("is taken by another that asks for it", async () => {
  one.forget((await one.take("node-1")) as OwnedNode);
  expect(await two.take("node-1", 5000)).toMatchObject({ name: "node-1" });
  expect(await stands()).toMatchObject({ owner: "two" });
});

it("is kept by who takes it again while another asks for it", async () => {
  one.forget((await one.take("node-1")) as OwnedNode);
  const taking = one.take("node-1");
  await one.release("one node-1");
  const taken = await taking;
  expect(one.present("node-1")).toBe(taken);
  expect(await stands()).toMatchObject({ owner: "one" });
});

it("is kept by who takes over many while another asks for it", async () => {
  let answer = () => {};
  heldAnswer = new Promise((resolve) => (answer = resolve));
  const adopted = one.adopt();
  await expect.poll(async () => (await stands()).owner).toBe("one");
  const released = one.release("one node-1");
  for (let turns = 0; turns < 5; turns++) await stands();
  answer();
  await Promise.all([adopted, released]);
  expect([one.present("node-1")?.name, (await stands()).owner]).toEqual(["node-1", "one"]);
});

it.each(["in memory", "forgotten"])("is not had before its release was written: %s", async (where) => {
  const first = (await one.take("node-1")) as OwnedNode;
  if (where === "forgotten") one.forget(first);
  let goOn = () => {};
  held = new Promise((resolve) => (goOn = resolve));
  const released = one.release("one node-1");
  await expect.poll(() => one.present("node-1")).toBeUndefined();
  const taken = one.take("node-1");
  for (let turns = 0; turns < 5; turns++) await stands();
  goOn();
  await released;
  expect(await taken).toMatchObject({ name: "node-1" });
  expect([one.present("node-1")?.name, (await stands()).owner]).toEqual(["node-1", "one"]);
});

/** A database that does not answer. */
const gone = () => {
  const answer = Promise.reject<void>(new Error("Connection terminated unexpectedly"));
  answer.catch(() => {});
  return answer;
};

it.each(["takes it again", "gives it back then"])(
  "is silent for as long as it was where who could not give it back %s",
  async (what) => {
    const first = (await one.take("node-1")) as OwnedNode;
    first.silent = performance.now() - HOUR_MS;
    held = gone();
    await expect(one.release("one node-1")).rejects.toThrow("Connection terminated");
    held = undefined;
    expect([one.present("node-1"), (await stands()).owner]).toEqual([undefined, "one"]);
    if (what === "gives it back then") await one.release("one node-1");
    const by = what === "takes it again" ? one : two;
    await by.adopt();
    expect(by.present("node-1")?.silentMs()).toSatisfy((ms: number) => ms >= HOUR_MS && ms < 2 * HOUR_MS);
  },
);

it.each(["adopted", "taken"] as const)("is had after it was %s and the answer was lost", async (how) => {
  heldAnswer = gone();
  const asked = how === "adopted" ? one.adopt() : one.take("node-1");
  await expect(asked).rejects.toThrow("Connection terminated");
  heldAnswer = undefined;
  expect([one.present("node-1"), (await stands()).owner]).toEqual([undefined, "one"]);
  await one.adopt();
  expect(one.present("node-1")?.name).toBe("node-1");
});

/** Evidence that waits for a turn at the first verifier; `goOn` gives the turn. */
async function waiting() {
  const node = (await one.take("node-1")) as OwnedNode;
  let goOn = () => {};
  const turn = new Promise<void>((resolve) => (goOn = resolve));
  const evidence = node
    .alone(() => node.givingWay(turn))
    .then(
      () => "judged",
      (error: { code: string }) => error.code,
    );
  return { evidence, goOn };
}

it("is judged first where evidence of it waits, and another verifier asks for it", async () => {
  const { evidence, goOn } = await waiting();
  const taken = two.take("node-1", 20_000);
  for (let turns = 0; turns < 5; turns++) await stands();
  expect((await stands()).owner).toBe("one");
  goOn();
  expect(await evidence).toBe("judged");
  expect(await taken).toMatchObject({ name: "node-1" });
});

it("is revoked at another verifier, also where that has asked for it already and evidence of it waits for ever", async () => {
  const { evidence } = await waiting();
  const asked = two.take("node-1", 100).catch((error: { code: string }) => error.code);
  const done: string[] = [];
  expect(await two.alone("node-1", 20_000, async ({ name }) => void done.push(name))).toBe(true);
  expect(done).toEqual(["node-1"]);
  expect(await evidence).toBe("owned-elsewhere");
  await asked;
});
