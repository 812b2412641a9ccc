/** A log that another verifier appends to meanwhile: what the one before it still says does not count, and it finds its turn again. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { signerKey } from "../../packages/log/src/note/index.ts";
import { bucketAddress, Log, ObjectStore } from "../../packages/log/src/writer/index.ts";
import type { Fleet } from "../../packages/verifier/src/fleet/index.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { Appender } from "../../packages/verifier/src/transparency/appender.ts";
import type { LogPlace } from "../../packages/verifier/src/transparency/open-log.ts";
import { ObjectServer } from "../log/object-server.ts";
import { isInstalled } from "../support/machine.ts";
import { FleetLog } from "./logged.ts";
import { Rig } from "./rig.ts";

/** Verifiers that look for statements wait for this. */
const paused = vi.hoisted(() => ({ verifier: "", ends: Promise.resolve() }));
vi.mock("../../packages/verifier/src/store/statements.ts", async (original) => {
  const statements = await original<typeof import("../../packages/verifier/src/store/statements.ts")>();
  return {
    ...statements,
    claimLog: async (db: stores.Database, writer: string) => {
      if (writer === paused.verifier) await paused.ends;
      return statements.claimLog(db, writer);
    },
  };
});

const rig = new Rig();
const trusted = { policySigners: [], contourSigners: [] } as unknown as Trusted;
let store: stores.Connection;
const failures: unknown[] = [];
let epoch = 0;

/** A verifier that has a log, and nothing else. */
function verifier(id: string, place: LogPlace) {
  const lease = { id, isHeld: true };
  const fleet = { store, lease, rules: new Rules(store.db, trusted), onChange: () => () => undefined };
  const appender = new Appender(
    fleet as unknown as Fleet,
    place,
    (fault) => failures.push(fault),
    (note) => failures.push(note),
  );
  return { lease, appender };
}

const begin = (id: string) => stores.beginLease(store.db, id, "host", 600);
const log = () => store.db.selectFrom("log").selectAll().executeTakeFirstOrThrow();

/** States something, and returns when the log has it. */
async function logged(): Promise<void> {
  await store.db.transaction().execute((step) => stores.state(step, [{ kind: "epoch", epoch: ++epoch }]));
  await expect.poll(() => stores.statementsBehind(store.db, 0, 10), { timeout: 20_000 }).toEqual([]);
}

beforeAll(async () => {
  store = await stores.openStore(rig.database);
});
afterAll(async () => {
  await store.close();
  await rig.close();
});
beforeEach(async () => {
  for (const table of ["log", "statements", "verifiers"] as const) await store.db.deleteFrom(table).execute();
  for (const id of ["one", "other"]) await begin(id);
  failures.length = 0;
});
afterEach(() => {
  paused.verifier = "";
});

describe("a log in a directory", () => {
  it("is another verifier's from when it claims it, and the first one's again once that has ended", async () => {
    const { directory, keyFile, begun } = new FleetLog(rig.place);
    await begun;
    const place = { at: directory, key: readFileSync(keyFile), policy: undefined };
    const [one, other] = [verifier("one", place), verifier("other", place)];
    await one.appender.start();
    await logged();
    const { appended, size } = await log();
    await stores.endLease(store.db, "one");
    await stores.claimLog(store.db, "other");
    await vi.waitFor(() => other.appender.start(), { timeout: 20_000 });
    await logged();
    // It was sent while the first one was the one that appends, and comes now.
    expect(await stores.settleLog(store.db, "one", appended, size)).toBe(false);
    await logged();
    one.lease.id = "one anew";
    await begin(one.lease.id);
    await other.appender.stop();
    await logged();
    expect(await log()).toMatchObject({ writer: "one anew", appended: appended + 3 });
    await one.appender.stop();
    expect(failures).toEqual([]);
  }, 90_000);

  it("is known to have no less than before, whatever its verifier says late", async () => {
    await stores.beginLog(store.db, "example.com/fleet", 0);
    await stores.claimLog(store.db, "one");
    for (const [appended, size] of [
      [20, 25],
      [10, 12],
    ] as const)
      expect(await stores.settleLog(store.db, "one", appended, size)).toBe(true);
    expect(await log()).toMatchObject({ appended: 20, size: 25 });
  });
});

describe.skipIf(!isInstalled("moto_server"))("a log in a bucket (needs python3-moto)", () => {
  const server = new ObjectServer();
  beforeAll(() => server.start());
  afterAll(() => server.stop());

  it("is read anew by a verifier that was paused while another one appended to it", async () => {
    const key = signerKey("example.com/fleet", "log");
    await Log.create(new ObjectStore(server.bucket("fleet")), key);
    const pem = Buffer.from(key.secret.export({ type: "pkcs8", format: "pem" }));
    const place = { at: bucketAddress("s3://logs/fleet", server.credentials()), key: pem, policy: undefined };
    const [one, other] = [verifier("one", place), verifier("other", place)];
    await one.appender.start();
    await logged();
    let goOn = () => {};
    Object.assign(paused, { verifier: "one", ends: new Promise<void>((resolve) => (goOn = resolve)) });
    await stores.endLease(store.db, "one");
    await other.appender.start();
    await logged();
    await other.appender.stop();
    goOn();
    await logged();
    await one.appender.stop();
    expect(failures).toEqual([]);
  }, 90_000);
});
