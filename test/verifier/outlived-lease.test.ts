/** Judging that goes on for longer than the lease that its node was taken under, or that is behind what is written of the node. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ChallengeKeys } from "../../packages/verifier/src/challenge/challenge.ts";
import { Administration } from "../../packages/verifier/src/fleet/administration.ts";
import { Attestation } from "../../packages/verifier/src/fleet/attestation.ts";
import type { Epochs } from "../../packages/verifier/src/fleet/epochs.ts";
import { FairTurns } from "../../packages/verifier/src/fleet/fair-turns.ts";
import { KeptLogs } from "../../packages/verifier/src/fleet/kept-logs.ts";
import type { Lease } from "../../packages/verifier/src/fleet/lease.ts";
import type { OwnedNode } from "../../packages/verifier/src/fleet/owned-node.ts";
import { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import { Pace } from "../../packages/verifier/src/fleet/pace.ts";
import { ReplayedLedgers } from "../../packages/verifier/src/fleet/replayed-ledgers.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import { Watch } from "../../packages/verifier/src/fleet/watch.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { digest } from "../attest/samples.ts";
import { samplePolicy } from "./rig.ts";
import { SoftwareNode, type Told } from "./software-node.ts";

const pace = new Pace({ due: 60, dueAtMost: 60, stale: 180 });
const SILENT_MS = 60_000;
const trusted = { policySigners: [], contourSigners: [] } as unknown as Trusted;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const references = { references: 1, contours: [{ name: "web", contour: hex(digest(4)), state: hex(digest(5)) }] };
const by = { who: "ann", tenant: null };
/** Its clock is so far off that the node is refused, by evidence that its TPM signed. */
const skewed: Told = { node: { made: 0 } };

describe("judging that goes on for longer than the lease", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-outlived-"));
  const challenges = new ChallengeKeys([new Uint8Array(32)]);
  const lease = { id: "", isHeld: true };
  const epochs = { present: { epoch: 0 } } as unknown as Epochs;
  let node: SoftwareNode;
  let store: stores.Connection;
  let ownership: Ownership;
  let watch: Watch;
  let attestation: Attestation;
  /** What judging and writing wait for. */
  let waits: { sign?: Promise<void>; write?: Promise<void> } = {};
  /** Told which of them begins to wait. */
  let waiting = (_where: string) => {};
  /** Whether the database's next answer is lost. */
  let isLost = false;
  const stands = async () => (await stores.findNode(store.db, "node-1")) as stores.NodeRow;

  const take = async () => (await ownership.take("node-1")) as OwnedNode;
  const attest = (to: OwnedNode, told: Told = {}) => {
    const challenge = challenges.make(node.id, new Date());
    const bytes = node.evidence(challenge, told);
    return attestation.attest(to, challenge, { bytes, read: (evidence) => evidence });
  };
  const begin = async (id: string) => {
    await stores.beginLease(store.db, id, "host", 600);
    lease.id = id;
  };

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    ownership = new Ownership(store.db, lease as Lease, (taken) => watch.watch(taken));
    const rules = new Rules(store.db, trusted);
    const queue = new stores.VerdictQueue(store.db, () => 1);
    const write: typeof queue.write = async (...told) => {
      waiting("write");
      await waits.write;
      await queue.write(...told);
      if (!isLost) return;
      isLost = false;
      throw Object.assign(new Error("terminating connection"), { code: "57P01" });
    };
    const verdicts = { write } as unknown as stores.VerdictQueue;
    watch = new Watch(verdicts, lease as Lease, ownership, pace);
    attestation = new Attestation({
      ...{ verdicts, lease: lease as Lease, ownership, rules, challenges, epochs, watch, pace },
      ...{ logs: new KeptLogs(60), ledgers: new ReplayedLedgers(60), turns: new FairTurns() },
      sign: async () => {
        waiting("sign");
        await waits.sign;
        return "signed";
      },
    });
    const administration = new Administration(store.db, ownership, rules, epochs);
    await administration.putReference("all", Buffer.from(JSON.stringify(references)), by);
    await administration.putPolicy("default", Buffer.from(JSON.stringify(samplePolicy())), by);
  });
  afterAll(async () => {
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });
  beforeEach(async () => {
    ownership.forgetAll();
    watch.clear();
    for (const table of ["canisters", "changes", "evidence", "verifiers", "nodes"] as const)
      await store.db.deleteFrom(table).execute();
    node = new SoftwareNode("node-1");
    await stores.insertNode(store.db, node.row());
    await begin("first");
  });
  afterEach(() => {
    waits = {};
    waiting = () => {};
  });

  it.each(["sign", "write"] as const)(
    "is not written after the node was taken anew, where it waited to %s: what was judged since stays",
    async (where) => {
      const first = await take();
      let goOn = () => {};
      const began = new Promise<void>((resolve) => {
        waiting = (at) => void (at === where && resolve());
      });
      waits = { [where]: new Promise<void>((resolve) => (goOn = resolve)) };
      const late = attest(first);
      await began;
      waits = {};

      ownership.forgetAll();
      await stores.endLease(store.db, "first");
      await begin("second");
      const second = await take();
      expect(second).not.toBe(first);
      expect(await attest(second, skewed)).toMatchObject({ state: "contraindicated" });
      const written = await stands();
      goOn();
      await expect(late).rejects.toMatchObject({ code: "owned-elsewhere" });
      expect(await stands()).toEqual(written);
      expect(written).toMatchObject({ owner: "second", state: "contraindicated" });
      expect(ownership.present("node-1")).toBe(second);
    },
  );

  it("does not put evidence in the place of newer evidence, whose answer by the database was lost", async () => {
    const first = await take();
    expect(await attest(first, { clock: 100n })).toMatchObject({ state: "affirming" });
    isLost = true;
    await expect(attest(first, { ...skewed, clock: 300n })).rejects.toMatchObject({ code: "57P01" });
    const written = await stands();
    expect(written.state).toBe("contraindicated");

    first.silent -= SILENT_MS;
    await expect(attest(first, { clock: 200n })).rejects.toMatchObject({ code: "owned-elsewhere" });
    // It is ours no more, so that it is adopted and watched, also where it is never heard again.
    expect(await stands()).toEqual({ ...written, owner: null, silent: expect.any(Date) as Date });
    await ownership.adopt();
    expect(await stands()).toMatchObject({ state: "contraindicated", owner: "first" });
    expect(watch.size).toBe(1);
    expect(ownership.present("node-1")?.silentMs()).toBeGreaterThanOrEqual(SILENT_MS);

    expect(await attest(await take(), { clock: 200n })).toMatchObject({ failure: "rollback" });
    expect(await attest(await take(), { clock: 400n })).toMatchObject({ state: "affirming" });
  });
});
