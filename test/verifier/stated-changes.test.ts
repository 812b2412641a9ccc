/** What a log is told where a node makes up labels, in each evidence others. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Accepted, readAccepted, writeAccepted } from "../../packages/attest/src/appraise/index.ts";
import { decodeRecord } from "../../packages/attest/src/register/record.ts";
import { readStatement, type Statement } from "../../packages/log/src/statement/index.ts";
import { ledgerNews } from "../../packages/verifier/src/fleet/stated.ts";
import { type Verdict, writeOf } from "../../packages/verifier/src/fleet/verdict.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { fileOf, sample } from "../attest/ledger-sample.ts";
import { SoftwareNode } from "./software-node.ts";

const node = new SoftwareNode("node-1");
const policy = "06".repeat(32);
const affirming = { state: "affirming", failure: null, why: null } as const;
const away = { state: "contraindicated", failure: "off-contour", why: "it left" } as const;
const canister = (label: string, verdict: typeof affirming | typeof away = affirming) => ({
  ...{ node: "node-1", label, tenant: "acme", image: null, contour: null, mode: "enforcing", sensor: "bpf" },
  ...{ root: "tpm" as const, ...verdict, links: "[]", started: new Date(0), points: 7, measurement: "06" },
  counters: JSON.stringify({ events: 1, departures: 0, refused: 0, lost: 0, untrusted: 0 }),
});
const madeUp = (name: string) => Array.from({ length: 4095 }, (_, at) => canister(`${name}${at}`));

describe("the statements of a node with many canisters", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-stated-"));
  let store: stores.Connection;
  let seen = 0;
  const write = (more: Partial<stores.VerdictWrite>) =>
    stores.writeVerdict(store.db, {
      ...{ node: "node-1", verifier: "v1", at: new Date(), verdict: affirming, columns: {}, canisters: [], policy },
      ...more,
    });
  /** Those that came since this was asked last. */
  const stated = async (): Promise<readonly Statement[]> => {
    const rows = await stores.statementsBehind(store.db, seen, 20_000);
    seen = rows.at(-1)?.number ?? seen;
    return rows.flatMap(({ entry }) => readStatement(entry) ?? []);
  };

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
    await stores.insertNode(store.db, node.row("acme"));
    await stores.beginLease(store.db, "v1", "host", 600);
    await stores.claimNode(store.db, "node-1", "v1");
    await stores.beginLog(store.db, "example.com/fleet", 0);
  });
  afterAll(async () => {
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("are one for each of so many, and one that counts the others", async () => {
    await write({ canisters: [...madeUp("a"), canister("web")] });
    const statements = await stated();
    expect(statements).toHaveLength(1 + 64 + 1);
    expect(statements[0]).toMatchObject({ kind: "change", label: undefined, to: "affirming" });
    expect(statements.at(-1)).toMatchObject({ kind: "changes", node: node.id, count: 4032, affirming: 4032, policy });
  });

  it("have first what became of canisters that were there, however many labels are new or gone", async () => {
    await write({ canisters: [...madeUp("b"), canister("web", away)] });
    const statements = await stated();
    expect(statements).toHaveLength(64 + 1);
    const told = statements.flatMap((one) => (one.kind === "change" ? [`${one.from} ${one.to}`] : []));
    expect(told.filter((each) => each === "affirming contraindicated")).toHaveLength(1);
    expect(told.filter((each) => each === "affirming unknown")).toHaveLength(63);
    expect(statements.at(-1)).toMatchObject({ kind: "changes", count: 2 * 4095 - 63, affirming: 4095 });
    expect(await stores.changesAfter(store.db, 0, 20_000)).toHaveLength(1 + 4096 + 1 + 2 * 4095);
  });

  it("have a run that departed and ended unseen before labels that are new or gone", async () => {
    const ending = { failure: "off-contour", why: "it ended; it departed" } as const;
    await write({ canisters: [...madeUp("c"), canister("web", away)], endings: new Map([["unseen", ending]]) });
    const told = (await stated()).flatMap((one) => (one.kind === "change" ? [one] : []));
    expect(told.filter(({ class: failed }) => failed !== undefined)).toMatchObject([
      { from: "unknown", to: "unknown" },
    ]);
  });

  it("have as few where the node goes silent with all of its canisters", async () => {
    const stale = { state: "stale", failure: "unreachable", why: "silent" } as const;
    await write({ verdict: stale, canisters: undefined, others: stale, policy: undefined });
    const statements = await stated();
    expect(statements).toHaveLength(1 + 64 + 1);
    expect(statements.at(-1)).toMatchObject({ kind: "changes", count: 4032, affirming: 0, policy: undefined });
  });

  it("are all there of a node with a few", async () => {
    await write({ canisters: [canister("web"), canister("db")], verdict: affirming });
    await stated();
    await write({ canisters: [canister("db", away)] });
    expect(await stated()).toMatchObject([
      { kind: "change", from: "affirming", to: "contraindicated", class: "off-contour" },
      { kind: "change", from: "affirming", to: "unknown" },
    ]);
  });

  it("have an ending once, also where the answer of the database was lost and it is written again", async () => {
    const ending = { label: "short", birth: 9, failure: "off-contour", why: "it ended; it departed" } as const;
    const run = { label: "short", run: "3", measurement: "06", points: 7 };
    const counters = { events: 1, departures: 0, refused: 0, lost: 0, untrusted: 0 };
    const judged = (birth: number, resetCount = 1): Verdict => ({
      ...{ ...affirming, root: "tpm", links: [], body: undefined, canisters: [], endings: [{ ...ending, birth }] },
      accepted: {
        clock: { clock: 5n, resetCount, restartCount: 0 },
        policy: { name: "default", version: 1 },
        canisters: [{ ...run, counters, said: birth }],
      },
    });
    const ended = async (...told: Parameters<typeof judged>) => {
      const writing = {
        node: "node-1",
        tenant: "acme",
        verifier: "v1",
        at: new Date(),
        departed: new Map(),
        imprint: "",
      };
      await write(writeOf(judged(...told), writing));
      return (await stated()).filter((one) => one.kind === "change" && one.class !== undefined).length;
    };
    await write({});
    await stated();
    expect(await ended(9)).toBe(1);
    expect(await ended(9)).toBe(0);
    // The next run of the label, and one of another boot, whose births begin anew.
    expect(await ended(12)).toBe(1);
    expect(await ended(9, 2)).toBe(1);
  });

  it("have a birth once, also where the answer of the database was lost and it is written again", async () => {
    const encoded = sample().records.slice(0, 2);
    const file = Uint8Array.from(fileOf(encoded));
    const accepted: Accepted = {
      clock: { clock: 1n, resetCount: 9, restartCount: 0 },
      policy: { name: "default", version: 1 },
      ledger: { bytes: file.length, digest: createHash("sha256").update(file).digest("hex") },
      canisters: [],
    };
    const news = ledgerNews(node.id, { file, records: encoded.map(decodeRecord) }, accepted);
    const born = async () => {
      await write({
        columns: { accepted: writeAccepted(accepted) },
        stated: (before) => news(before === null ? undefined : readAccepted(before)),
      });
      return (await stated()).map(({ kind }) => kind);
    };
    expect(await born()).toEqual(["birth", "birth", "head"]);
    expect(await born()).toEqual([]);
  });
});
