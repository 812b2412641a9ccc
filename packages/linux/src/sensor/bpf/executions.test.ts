import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Found } from "../files/found.ts";
import { SeenContent } from "./content.ts";
import { Executions, KEY_BYTES } from "./executions.ts";
import { fates, type Record, type SeenObject, standings } from "./record.ts";

/** More than any kernel counts to (PID_MAX_LIMIT): a process that has ended. */
const NOBODYS = 4_194_305;
/** `stx_ctime` in `struct statx`: seconds, then nanoseconds. */
const CTIME_AT = 96;
const key = Buffer.alloc(KEY_BYTES, 7);

let place = "";
let content: SeenContent;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-executions-"));
  content = new SeenContent(() => false);
});
afterEach(() => {
  content.close();
  rmSync(place, { recursive: true });
});

/** A file as the BPF programs describe it. */
function seenAt(path: string): SeenObject {
  const found = new Found();
  found.adopt(openSync(path, "r"), undefined);
  const { stat, filesystem } = found;
  const seen = {
    ...{ inode: BigInt(stat.inode), size: BigInt(stat.size), device: stat.device, magic: filesystem, mode: stat.mode },
    changedSeconds: stat.bytes.readBigInt64LE(CTIME_AT),
    changedNanoseconds: stat.bytes.readUInt32LE(CTIME_AT + 8),
    ...{ uid: 0, gid: 0, standing: standings.here, path: Buffer.from(path) },
  };
  found.close();
  return seen;
}

/** The record of an image (`rest` is empty), and that of an exec of it. */
const record = (seen: SeenObject, rest: Buffer) =>
  ({ key, rest, pid: NOBODYS, object: () => seen, argument: () => (rest.length === 0 ? 0 : 1) }) as unknown as Record;

/** Content whose digests count how often it was read. */
function counting(leavesNoTrace: boolean): SeenContent {
  let reads = 0;
  return {
    versionsTell: true,
    mayLeaveNoTrace: () => leavesNoTrace,
    of: () => ({ digest: String(++reads) }),
  } as unknown as SeenContent;
}

test("a file that could not be read when it was told of is read by the exec that runs it, if it is the same", () => {
  const executions = new Executions(content, () => {});
  mkdirSync(join(place, "bin"));
  const program = join(place, "bin/program");
  writeFileSync(program, "#!/bin/sh\n");
  const digest = createHash("sha256").update("#!/bin/sh\n").digest("hex");
  const seen = seenAt(program);
  renameSync(join(place, "bin"), join(place, "away"));
  executions.note(record(seen, Buffer.alloc(0)));
  const contents = () =>
    executions.of(record(seen, key))?.map(({ content: { digest, remark } }) => ({ digest, remark }));
  expect(contents()).toEqual([{ digest: undefined, remark: { what: "gone", path: program } }]);

  renameSync(join(place, "away"), join(place, "bin"));
  expect(contents()).toEqual([{ digest, remark: undefined }]);

  renameSync(join(place, "bin"), join(place, "away"));
  expect(contents()).toEqual([{ digest, remark: undefined }]);
});

test("a file that has another version by then stays unread", () => {
  const executions = new Executions(content, () => {});
  const program = join(place, "program");
  writeFileSync(program, "#!/bin/sh\n");
  const seen = seenAt(program);
  writeFileSync(program, "#!/bin/sh\ntrue\n");
  executions.note(record(seen, Buffer.alloc(0)));
  expect(executions.of(record(seen, key))?.[0].content).toEqual({ remark: { what: "changed", path: program } });
});

test("a program that was read just after its last change is read again by each exec that is held, and only by those", () => {
  const executions = new Executions(counting(false), () => {});
  const program = join(place, "program");
  writeFileSync(program, "#!/bin/sh\n");
  const seen = seenAt(program);
  const fresh = { ...seen, changedSeconds: seen.changedSeconds + 3600n };
  const digestOf = (object: SeenObject, fate: number) =>
    executions.of(Object.assign(record(object, key), { fate }))?.[0].content.digest;

  executions.note(record(fresh, Buffer.alloc(0)));
  expect([digestOf(fresh, fates.wentOn), digestOf(fresh, fates.held), digestOf(fresh, fates.wentOn)]).toEqual([
    "1",
    "2",
    "2",
  ]);

  const old = { ...seen, changedSeconds: seen.changedSeconds - 3600n };
  executions.note(record(old, Buffer.alloc(0)));
  expect([digestOf(old, fates.held), digestOf(old, fates.held)]).toEqual(["3", "3"]);
});

test("a program that may be written to without a trace is read by each exec that is held, and by each after the first that is not", () => {
  const executions = new Executions(counting(true), () => {});
  const program = join(place, "program");
  writeFileSync(program, "#!/bin/sh\n");
  const seen = { ...seenAt(program), changedSeconds: 1n };
  const digestOf = (fate: number) => executions.of(Object.assign(record(seen, key), { fate }))?.[0].content.digest;
  executions.note(record(seen, Buffer.alloc(0)));
  expect([fates.wentOn, fates.wentOn].map(digestOf)).toEqual(["1", "2"]);
  executions.note(record(seen, Buffer.alloc(0)));
  // An exec before, of which it was told, may have failed.
  expect([fates.held, fates.held].map(digestOf)).toEqual(["4", "5"]);
});

test("of files with long paths those that were not used for longest are forgotten, and reported again", () => {
  const forgotten: number[] = [];
  const executions = new Executions(counting(false), (file) => forgotten.push(file.readUInt32LE(0)), 100_000);
  const keyOf = (number: number) => {
    const bytes = Buffer.alloc(KEY_BYTES);
    bytes.writeUInt32LE(number);
    return bytes;
  };
  const seen = { ...seenAt(place), changedSeconds: 1n, path: Buffer.alloc(4096, "/a") };
  const note = (number: number) => executions.note({ ...record(seen, Buffer.alloc(0)), key: keyOf(number) } as Record);
  const isKnown = (number: number) => executions.of(record(seen, keyOf(number))) !== undefined;
  note(0);
  for (let number = 1; number <= 100; number++) {
    note(number);
    expect(isKnown(0)).toBe(true);
  }
  expect(forgotten.length).toBeGreaterThan(80);
  expect(forgotten).toEqual(forgotten.map((_, index) => index + 1));
  expect(isKnown(forgotten.at(-1) as number)).toBe(false);
  expect(isKnown(100)).toBe(true);
});
