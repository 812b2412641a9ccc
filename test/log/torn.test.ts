/** Files of a log that end early, at any byte: what was acknowledged is there, or it is said that it is not. Nothing forks. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LogError } from "../../packages/log/src/error.ts";
import { Mirror } from "../../packages/log/src/mirror/index.ts";
import { formatVerifierKey, signerKey } from "../../packages/log/src/note/index.ts";
import { parsePolicy, proveEntry } from "../../packages/log/src/proof/index.ts";
import { entriesAt, nodesOf } from "../../packages/log/src/tiles/index.ts";
import { consistencyProof } from "../../packages/log/src/tree/index.ts";
import { Witness } from "../../packages/log/src/witness/index.ts";
import { DirectoryStore, Log, readDirectory } from "../../packages/log/src/writer/index.ts";
import { entries, entry, MemoryStore, rootByDefinition } from "./logs.ts";

type Files = ReadonlyMap<string, Uint8Array>;

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);
const free = () => true;
const BEFORE = 3;
const SIZE = 5;
const AFTERWARDS = entry(9999);

/** A directory that remembers each write. */
class WritingDown extends DirectoryStore {
  readonly written: (readonly [string, Uint8Array])[] = [];

  override write(path: string, bytes: Uint8Array): void {
    this.written.push([path, Uint8Array.from(bytes)]);
    super.write(path, bytes);
  }
}

const place = mkdtempSync(join(tmpdir(), "isoline-torn-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Every file below the directory. */
function found(): Files {
  const names = readdirSync(place, { recursive: true, encoding: "utf8" }).toSorted();
  const files = names.filter((name) => statSync(join(place, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(place, name))]));
}

const textOf = (files: Files): string =>
  JSON.stringify([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString("latin1")]));

/** Has these files in the directory, and no others. */
function lay(files: Files): void {
  for (const name of readdirSync(place)) rmSync(join(place, name), { recursive: true });
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), bytes);
  }
}

/** Opens what is there, and appends to it. One line about what came of it; a monitor that has what was acknowledged is asked. */
async function becomes(acknowledged: Files): Promise<string> {
  const laid = found();
  const store = new DirectoryStore(place, free);
  const log = await Log.open(store, key).catch(refusalOf);
  if (typeof log === "string") {
    const anew = await Log.create(store, key).then(() => "begun anew", refusalOf);
    await store.close();
    return `${log}; ${anew}; ${textOf(found()) === textOf(laid) ? "as it was" : "changed"}`;
  }
  const { size } = log.head;
  const mirror = new Mirror(new MemoryStore(acknowledged), policy);
  const follow = () => mirror.follow(readDirectory(place)).then(({ checkpoint }) => checkpoint.size, refusalOf);
  const shown = await follow();
  await log.append([AFTERWARDS]);
  await log.close();
  const isWhole = Buffer.compare(log.head.root, rootByDefinition([...entries(0, size), AFTERWARDS])) === 0;
  return `${size} entries, ${isWhole ? "goes on" : "another history"}, shows ${shown} and ${await follow()}`;
}

const ADVICE = /restore (?:it|the log) from a copy$|there is a log already/;
function refusalOf(fault: unknown): string {
  if (!(fault instanceof LogError)) throw fault;
  return ADVICE.test(fault.message) ? `refused: ${fault.code}` : fault.message;
}

/** A monitor's copy of the log that is in the directory. */
async function copied(): Promise<Files> {
  const store = new MemoryStore();
  await new Mirror(store, policy).follow(readDirectory(place));
  return store.after(() => true);
}

describe("a small log", () => {
  let before: Files;
  let whole: Files;
  let written: WritingDown["written"];
  let [hadBefore, hasAll]: [Files, Files] = [new Map(), new Map()];

  beforeAll(async () => {
    const store = new WritingDown(place, free);
    const log = await Log.create(store, key);
    await log.append(entries(0, BEFORE));
    before = found();
    hadBefore = await copied();
    store.written.length = 0;
    await log.append(entries(BEFORE, SIZE));
    await log.close();
    ({ written } = store);
    whole = found();
    hasAll = await copied();
  });

  const goesOn = "5 entries, goes on, shows 5 and 6";

  it("has what the cases below are about", () => {
    expect(written.map(([path]) => path)).toEqual([
      ...["tile/0/000.p/5", "tile/entries/000.p/5", "committed", "checkpoint"],
    ]);
    expect([...whole.keys()]).toEqual([
      ...["checkpoint", "committed", "tile/0/000.p/3", "tile/0/000.p/5"],
      ...["tile/entries/000.p/3", "tile/entries/000.p/5"],
    ]);
  });

  it("whose process ended at a byte of any write has what was acknowledged, and no unfinished file", async () => {
    for (const [step, [, bytes]] of written.entries()) {
      const done = written.slice(0, step);
      const isCommitted = done.some(([path]) => path === "committed");
      for (let cut = 0; cut <= bytes.length; cut += cut < 3 ? 1 : 40) {
        lay(new Map([...before, ...done, [".unfinished", bytes.subarray(0, cut)]]));
        expect(await becomes(hadBefore)).toBe(isCommitted ? goesOn : "3 entries, goes on, shows 3 and 4");
        expect([...found().keys()]).not.toContain(".unfinished");
      }
    }
  });

  const refused = "refused: broken-log; refused: log-in-use; as it was";
  it.each([
    ["committed", refused],
    ["tile/0/000.p/5", refused],
    ["tile/entries/000.p/5", refused],
    // What is shown is made anew from what was signed, and the tiles of an earlier size are not needed.
    ["checkpoint", goesOn],
    ["tile/0/000.p/3", goesOn],
    ["tile/entries/000.p/3", goesOn],
  ])("%s, cut at every byte: %s", async (path, expected) => {
    const bytes = whole.get(path) as Uint8Array;
    expect(bytes.length).toBeGreaterThan(20);
    const outcomes = new Set<string>();
    for (let cut = 0; cut < bytes.length; cut++) {
      lay(new Map([...whole, [path, bytes.subarray(0, cut)]]));
      outcomes.add(await becomes(hasAll));
    }
    expect([...outcomes]).toEqual([expected]);
  });

  it.each(["checkpoint", "tile/entries/000.p/5"])(
    "%s, cut at every byte, is no other history to a monitor: it says that it is damaged, and goes on when it is whole",
    async (path) => {
      const bytes = whole.get(path) as Uint8Array;
      const mirror = new Mirror(new MemoryStore(hadBefore), policy);
      const codes = new Set<string>();
      for (let cut = 0; cut < bytes.length; cut++) {
        const read = (asked: string) => (asked === path ? bytes.subarray(0, cut) : whole.get(asked));
        codes.add(
          await mirror.follow(read).then(
            () => "followed",
            (fault: unknown) => (fault as LogError).code,
          ),
        );
      }
      expect([...codes]).toEqual([path === "checkpoint" ? "bad-note" : "broken-log"]);
      expect(await mirror.follow((asked) => whole.get(asked))).toMatchObject({
        first: BEFORE,
        checkpoint: { size: SIZE },
      });
    },
  );
});

describe("a full tile", () => {
  it.each([
    // A monitor makes the hashes from the entries.
    ["tile/0/000", ["refused: broken-log", "followed"]],
    ["tile/entries/000", ["refused: broken-log", "refused: broken-log"]],
  ])("%s, cut, is given to no reader", async (path, expected) => {
    const store = new MemoryStore();
    await (await Log.create(store, key)).append(entries(0, 260));
    const files = store.after(() => true);
    const shown = Buffer.from(files.get("checkpoint") ?? []).toString("utf8");
    const bytes = files.get(path) as Uint8Array;
    const outcomes = new Set<string>();
    for (let cut = 0; cut < bytes.length; cut += 61) {
      const read = (asked: string) => (asked === path ? bytes.subarray(0, cut) : files.get(asked));
      const reading = async () => (path === "tile/0/000" ? proveEntry(read, 7, shown) : entriesAt(read, 260, 0));
      const mirror = new Mirror(new MemoryStore(), policy);
      const given = await reading().then(() => "given", refusalOf);
      outcomes.add(JSON.stringify([given, await mirror.follow(read).then(() => "followed", refusalOf)]));
    }
    expect([...outcomes]).toEqual([JSON.stringify(expected)]);
  });
});

describe("a witness", () => {
  const own = signerKey("witness.example/one", "witness");
  const witnessing = (files: Files) => {
    const store = new MemoryStore(files);
    return { store, witness: new Witness({ key: own, logs: [key], store, now: () => 1 }) };
  };
  const grown = async (from: number) => {
    const store = new MemoryStore();
    const log = await Log.create(store, key, { waitsForWitnesses: true });
    await log.append(entries(from, from + BEFORE));
    return { store, log };
  };
  /** A request to sign what follows a log of so many entries. */
  const asks = (old: number, { log, store }: Awaited<ReturnType<typeof grown>>) => {
    const proof = old === 0 ? [] : consistencyProof(nodesOf(store.read, log.head.size), old, log.head.size);
    const lines = proof.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
    return `old ${old}\n${lines}\n${log.signed}`;
  };
  const statusOf = (witness: Witness, request: string) => {
    try {
      return witness.addCheckpoint(request).status;
    } catch (fault) {
      return refusalOf(fault);
    }
  };

  it("whose memory of a log is cut, at any byte, signs no other history", async () => {
    const { store, witness } = witnessing(new Map());
    expect(witness.addCheckpoint(asks(0, await grown(0))).status).toBe(200);
    const [[file, kept] = ["", new Uint8Array()]] = store.after(() => true);
    const other = await grown(1);
    await other.log.append(entries(1 + BEFORE, 1 + SIZE));
    const signed: number[] = [];
    for (let cut = 0; cut < kept.length; cut++)
      for (const request of [asks(0, other), asks(BEFORE, other)])
        if (statusOf(witnessing(new Map([[file, kept.subarray(0, cut)]])).witness, request) === 200) signed.push(cut);
    expect(signed).toEqual([]);
    expect(kept.length).toBeGreaterThan(100);
  });
});
