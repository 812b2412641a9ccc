/** Whose verdicts are written next, where one tenant brings very many. */
import { describe, expect, it } from "vitest";
import type { Database } from "./connection.ts";
import { VerdictQueue } from "./verdict-queue.ts";
import type { VerdictWrite, writeVerdicts } from "./verdicts.ts";

/** The database is not looked at. */
const NONE = {} as Database;
const affirming = { state: "affirming", failure: null, why: null } as const;
const verdict = (node: string, canisters = 1): VerdictWrite => ({
  ...{ node, verifier: "v1", at: new Date(0), verdict: affirming, columns: {} },
  canisters: Array.from({ length: canisters }, () => ({})) as never,
});

/** Transactions that are held until they are let go, with the nodes in each. */
class Held {
  readonly nodes: string[][] = [];
  readonly #goOn: (() => void)[] = [];

  readonly write: typeof writeVerdicts = async (_, writes) => {
    this.nodes.push(writes.map(({ node }) => node));
    await new Promise<void>((resolve) => this.#goOn.push(resolve));
    return writes.map(() => undefined);
  };

  /** Ends one that runs; the next begins. */
  async end(): Promise<void> {
    this.#goOn.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** How many canisters a node has. */
const few = () => 1;

function begun(standing = few) {
  const held = new Held();
  return { held, queue: new VerdictQueue(NONE, standing, held.write) };
}

describe("verdicts that wait to be written", () => {
  it("of a tenant with few are in the next transaction, behind one of each other tenant", async () => {
    const { held, queue } = begun();
    for (let at = 0; at < 1000; at++) void queue.write("flood", verdict(`flood-${at}`));
    void queue.write("acme", verdict("acme-1"));
    void queue.write("umbrella", verdict("umbrella-1"));
    expect(held.nodes).toEqual([["flood-0"], ["flood-1"], ["flood-2"]]);
    await held.end();
    expect(held.nodes[3]?.slice(0, 5)).toEqual(["flood-3", "acme-1", "umbrella-1", "flood-4", "flood-5"]);
    expect(held.nodes[3]).toHaveLength(64);
  });

  it("wait for one of a tenant whose verdicts take a transaction each", async () => {
    const { held, queue } = begun();
    for (let at = 0; at < 100; at++) void queue.write("flood", verdict(`flood-${at}`, 4096));
    for (const node of ["acme-1", "acme-2"]) void queue.write("acme", verdict(node));
    for (let ended = 0; ended < 6; ended++) await held.end();
    expect(held.nodes.slice(3, 8)).toEqual([["flood-3"], ["acme-1"], ["flood-4"], ["acme-2"], ["flood-5"]]);
  });

  it("count the canisters that a node has where they name none", async () => {
    const { held, queue } = begun(() => 600);
    const silent = (node: string) => ({ ...verdict(node), canisters: undefined });
    for (let at = 0; at < 6; at++) void queue.write("acme", silent(`silent-${at}`));
    for (let ended = 0; ended < 3; ended++) await held.end();
    expect(held.nodes.slice(3)).toEqual([["silent-3"], ["silent-4"], ["silent-5"]]);
  });

  it("of one tenant are written in the order in which they came, each node once in a transaction", async () => {
    const { held, queue } = begun();
    for (const node of ["a", "b", "c", "d", "e", "d"]) void queue.write("acme", verdict(node));
    for (let ended = 0; ended < 2; ended++) await held.end();
    expect(held.nodes.slice(3)).toEqual([["d", "e"], ["d"]]);
  });

  it.each(["40P01", "40001", "55P03", "57014"])("fail alone where one brings the fault %s", async (code) => {
    const tried: string[][] = [];
    const queue = new VerdictQueue(NONE, few, async (_, writes) => {
      tried.push(writes.map(({ node }) => node));
      await Promise.resolve();
      if (writes.some(({ node }) => node === "bad")) throw Object.assign(new Error("undone"), { code });
      return writes.map(() => undefined);
    });
    const nodes = ["a", "b", "c", "d", "bad", "e"];
    const ended = await Promise.allSettled(nodes.map((node) => queue.write("acme", verdict(node))));
    expect(nodes.filter((_, at) => ended[at]?.status === "rejected")).toEqual(["bad"]);
    expect(tried.slice(3)).toEqual([["d", "bad", "e"], ["d"], ["bad"], ["e"]]);
  });

  it("all fail, and are not tried one by one, where the database is gone", async () => {
    let tried = 0;
    const queue = new VerdictQueue(NONE, few, async () => {
      tried++;
      await Promise.resolve();
      throw Object.assign(new Error("gone"), { code: "57P01" });
    });
    const ended = await Promise.allSettled(["a", "b", "c", "d", "e"].map((node) => queue.write("acme", verdict(node))));
    expect([tried, ended.every(({ status }) => status === "rejected")]).toEqual([4, true]);
  });

  it("are all written in the end", async () => {
    const { held, queue } = begun();
    let written = 0;
    for (let at = 0; at < 300; at++) void queue.write(`tenant-${at % 7}`, verdict(`node-${at}`)).then(() => written++);
    for (let ended = 0; ended < 20; ended++) await held.end();
    expect([written, new Set(held.nodes.flat()).size]).toEqual([300, 300]);
  });
});
