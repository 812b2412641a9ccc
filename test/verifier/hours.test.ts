/** Which hours have a root over all verdicts: by the clock of the database, and again once a clock that ran ahead is set right. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readStatement } from "../../packages/log/src/statement/index.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { FleetLog } from "./logged.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { Rig } from "./rig.ts";

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

describe.skipIf(needsPostgres)("the clock of a verifier (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  beforeAll(async () => {
    await server.start();
    server.create("fleet");
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
