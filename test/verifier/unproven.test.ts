/** Evidence that proves nothing, each time in another way: what is written of it, and that it delays nothing that is proven. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { OwnedNode } from "../../packages/verifier/src/fleet/owned-node.ts";
import type { Node } from "../../packages/verifier/src/http/model.ts";
import { type NodeRow, VerdictQueue } from "../../packages/verifier/src/store/index.ts";
import { canisterSample } from "../attest/samples.ts";
import { FleetLog } from "./logged.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

/** A text where a map is to be: what is told of it is cut within its last letter, which has two halves. */
const CUT_LETTER = Buffer.from(`782a${"61".repeat(38)}f09f9880`, "hex");

const BROKEN = { state: "unverifiable", failure: "broken-evidence" };

describe("a node whose token is stolen", () => {
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  const [node, other] = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
  const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });
  /** What the thief sends: bytes, and evidence for another challenge. */
  const send = async (which: "bytes" | "another") => {
    const evidence = which === "bytes" ? randomBytes(40) : node.evidence(randomBytes(32));
    const { body } = await rig.send(node, await rig.challenge(node), evidence);
    return `${body.state}: ${body.failure}`;
  };
  const stands = async () => (await rig.get<Node>("/v1/nodes/node-1")).body;

  beforeAll(async () => {
    await log.begun;
    await rig.enrol([node, other]);
    await rig.start({ log: log.configuration });
    await rig.rules();
  });
  afterAll(() => rig.close());

  it("is answered of what class it is each time, and written once", async () => {
    await rig.attest(node);
    // What the database did not take is not written, so it does not count.
    const gone = Object.assign(new Error("terminating connection"), { code: "57P01" });
    vi.spyOn(VerdictQueue.prototype, "write").mockRejectedValueOnce(gone);
    expect((await rig.send(node, await rig.challenge(node), randomBytes(40))).status).toBe(503);
    const answers: string[] = [];
    for (const which of ["bytes", "another", "bytes", "another"] as const) answers.push(await send(which));
    const [broken, stale] = ["unverifiable: broken-evidence", "unverifiable: stale"];
    expect(answers).toEqual([broken, stale, broken, stale]);
    expect(await stands()).toMatchObject({ state: "unverifiable", failure: "broken-evidence" });
  });

  it("is written at once as what its TPM proves, and stays so", async () => {
    expect((await rig.attest(node)).body.state).toBe("affirming");
    expect(await send("another")).toBe("unverifiable: stale");
    expect(await stands()).toMatchObject({ state: "affirming", canisters: { affirming: 1 } });
    await rig.attest(node, { canisters: [bad] });
    await send("bytes");
    expect(await stands()).toMatchObject({ state: "affirming", canisters: { contraindicated: 1 } });
  });

  it("costs the database one question where that does not take what is written of it", async () => {
    const write = vi.spyOn(VerdictQueue.prototype, "write").mockClear();
    write.mockRejectedValueOnce(Object.assign(new Error("invalid input syntax for type json"), { code: "22P02" }));
    expect((await rig.send(other, await rig.challenge(other), randomBytes(40))).status).toBe(500);
    expect((await rig.send(other, await rig.challenge(other), randomBytes(40))).body).toMatchObject(BROKEN);
    expect(write).toHaveBeenCalledOnce();
    write.mockRestore();
    expect(rig.failures.splice(0)).toHaveLength(1);
  });

  it("has a statement for each change that was written, and no more", async () => {
    await rig.stop();
    const changes = log.statements().flatMap((one) => (one.kind === "change" ? [one] : []));
    expect(changes.map(({ label, to }) => `${label === undefined ? "node" : "canister"} ${to}`)).toEqual([
      ...["node affirming", "canister affirming", "node unverifiable", "canister unverifiable"],
      ...["node affirming", "canister affirming", "canister contraindicated"],
    ]);
    expect(rig.failures).toEqual([]);
  });

  it("is written again after so many seconds; at a verifier that took it over refused, not at once either", () => {
    const owned = (state: NodeRow["state"]) => new OwnedNode({ ...node.row(), state, accepted: null } as never);
    const now = performance.now();
    const affirmed = owned("affirming");
    expect(affirmed.mayBeRefused(60, now)).toBe(true);
    affirmed.refused(now);
    expect([59_000, 60_001].map((later) => affirmed.mayBeRefused(60, now + later))).toEqual([false, true]);
    expect(owned("unverifiable").mayBeRefused(60)).toBe(false);
  });
});

describe.each([
  ["the embedded store", false],
  ["PostgreSQL (needs Debian's postgresql)", needsPostgres],
])("%s", (which, isMissing) => {
  const rig = new Rig();
  const server = which === "the embedded store" ? undefined : new PostgresServer();
  const node = new SoftwareNode("node-1");

  afterAll(async () => {
    await rig.close();
    await server?.close();
  });

  it.skipIf(isMissing)("keeps a refusal that would end within a letter", async () => {
    await server?.start();
    server?.create("fleet");
    const database = server?.address("fleet") ?? rig.database;
    await rig.enrol([node], database);
    await rig.start({ database });
    await rig.rules();
    expect((await rig.send(node, await rig.challenge(node), CUT_LETTER)).body).toMatchObject(BROKEN);
    expect((await rig.get<Node>("/v1/nodes/node-1")).body).toMatchObject(BROKEN);
    expect(rig.failures).toEqual([]);
  });
});
