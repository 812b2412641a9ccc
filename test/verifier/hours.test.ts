/** Which hours have a root over all verdicts: by the clock of the database, and again once a clock that ran ahead is set right. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readStatement } from "../../packages/log/src/statement/index.ts";
import { migrations } from "../../packages/verifier/src/store/migrations.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { FleetLog } from "./logged.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";
import { setClock, statementIn, takeClock } from "./set-clock.ts";

const HOUR_MS = 3_600_000;
const presentHour = () => Math.floor(Date.now() / HOUR_MS);
const hoursIn = (log: FleetLog) => log.statements().flatMap((one) => (one.kind === "root" ? [one.hour] : []));

describe("the hour of a root", () => {
  const rig = new Rig();
  const root = { verdicts: 0, root: "0".repeat(64) };
  afterAll(() => rig.close());

  it("is the present one again where the last was far ahead, and is stated once", async () => {
    const before = presentHour();
    const store = await stores.openStore(rig.database);
    const { db } = store;
    await stores.beginLog(db, "example.com/fleet", 0);
    await db
      .updateTable("log")
      .set({ hour: before + 1000 })
      .execute();
    const claimed = (await stores.claimLog(db, "one")) as stores.ClaimedLog;
    expect([before, before + 1]).toContain(claimed.present);
    expect(stores.needsRoot(claimed)).toBe(true);
    for (const _ of [1, 2]) await stores.stateRoot(db, { hour: claimed.present, ...root });
    // One that another verifier stated when the next hour had just begun does not count as ahead.
    await stores.stateRoot(db, { hour: claimed.present + 1, ...root });
    await stores.stateRoot(db, { hour: claimed.present, ...root });
    expect(stores.needsRoot({ ...claimed, hour: claimed.present + 1 })).toBe(false);
    const stated = (await stores.statementsBehind(db, 0, 10)).map(({ entry }) => readStatement(entry));
    expect(stated).toMatchObject([{ hour: claimed.present }, { hour: claimed.present + 1 }]);
    await store.close();
  });
});

describe("the hours that have a root, where the clock of the database is set", () => {
  const rig = new Rig();
  const root = { verdicts: 0, root: "0".repeat(64) };
  const first = presentHour() + 1;
  let store: stores.Connection;
  /** Half past, so many hours behind the first one. */
  const halfPast = (hours: number) => setClock(store.db, (first + hours + 0.5) * 3600 - Date.now() / 1000);
  const claim = async () => (await stores.claimLog(store.db, "one")) as stores.ClaimedLog;
  const look = async () => {
    const claimed = await claim();
    if (stores.needsRoot(claimed)) await stores.stateRoot(store.db, { hour: claimed.present, ...root });
  };
  const lookAt = async (hours: number) => {
    await halfPast(hours);
    await look();
  };
  const stated = async () =>
    (await stores.statementsBehind(store.db, 0, 100)).flatMap(({ entry }) => {
      const statement = readStatement(entry);
      return statement?.kind === "root" ? [statement.hour - first] : [];
    });

  beforeAll(async () => {
    store = await stores.openStore(rig.database);
    await takeClock(store.db);
  });
  beforeEach(async () => {
    for (const table of ["statements", "log"] as const) await store.db.deleteFrom(table).execute();
    await stores.beginLog(store.db, "example.com/fleet", 0);
  });
  afterAll(async () => {
    await store.close();
    await rig.close();
  });

  it("are stated once, where it ran ahead and is set right within the hour", async () => {
    for (const hours of [0, 10, 11, 0, 0, 1]) await lookAt(hours);
    expect(await stated()).toEqual([0, 10, 11, 1]);
    expect(stores.needsRoot(await claim())).toBe(false);
  });

  it("come again where they lay ahead, once they truly come", async () => {
    for (const hours of [0, 10, 1, 9, 10, 10, 11]) await lookAt(hours);
    expect(await stated()).toEqual([0, 10, 1, 9, 10, 11]);
  });

  it("are not those of a verifier that was paused while another one went on", async () => {
    await halfPast(0);
    const { present } = await claim();
    for (const hours of [0, 1, 2, 3]) await lookAt(hours);
    await stores.stateRoot(store.db, { hour: present, ...root });
    expect(await stated()).toEqual([0, 1, 2, 3]);
  });

  it("are not those of a verifier that was paused, where none went on", async () => {
    await halfPast(0);
    const { present } = await claim();
    await halfPast(2);
    await stores.stateRoot(store.db, { hour: present, ...root });
    await look();
    expect(await stated()).toEqual([2]);
  });

  it("are known for a long time, and not for ever", async () => {
    const before = Array.from({ length: 1500 }, (_, at) => ({ hour: first - 1 - at }));
    await store.db.insertInto("root_hours").values(before).execute();
    for (const hours of [0, 5000, 0]) await lookAt(hours);
    expect(await stated()).toEqual([0, 5000]);
    const kept = await store.db.selectFrom("root_hours").select("hour").orderBy("hour", "desc").execute();
    expect([kept.length, kept[0]?.hour]).toEqual([999, first]);
  });

  it("are over the verdicts of all nodes, of few at a time", async () => {
    const nodes = Array.from({ length: 70 }, (_, at) => new SoftwareNode(`node-${at}`));
    for (const node of nodes) await stores.insertNode(store.db, node.row());
    const pages: string[][] = [];
    await stores.everyVerdict(store.db, (page) => pages.push(page.map(({ node }) => node)));
    expect(pages.map(({ length }) => length)).toEqual([32, 32, 6]);
    expect(pages.flat()).toEqual(nodes.map(({ id }) => id).sort());
  });

  it("are known after an upgrade: the last that was stated before it", async () => {
    await lookAt(0);
    await statementIn(store.db, "drop table root_hours");
    await (await migrations.getMigrations())["0011-root-hours"]?.up(store.db);
    expect(await store.db.selectFrom("root_hours").selectAll().execute()).toEqual([{ hour: first }]);
  });
});

describe.skipIf(needsPostgres)("the clock of a verifier (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  beforeAll(async () => {
    await server.start();
    await prepare(server, "fleet");
    await log.begun;
  });
  afterAll(async () => {
    vi.useRealTimers();
    await rig.close();
    await server.close();
  });

  it("ahead by a day does not put the hours of its roots ahead", async () => {
    const before = presentHour();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 30 * HOUR_MS });
    await rig.start({ log: log.configuration, database: server.address("fleet") });
    await rig.stop();
    vi.useRealTimers();
    const [hour, ...further] = hoursIn(log);
    expect(further).toEqual([]);
    expect([before, before + 1]).toContain(hour);
    expect(log.findings()).toEqual([]);
  });
});
