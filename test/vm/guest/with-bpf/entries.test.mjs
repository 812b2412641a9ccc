/**
 * Entries of tables that the kernel has given to another key while a program reads them. That moment is too short to meet, so the test
 * writes what a program would find then.
 */
import { deepEqual, equal } from "node:assert/strict";
import { after, before, test } from "node:test";
import { begin, beginWith, endAll, EPERM, learn, until } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const { orphanedNamespaces } = await import("../../../../packages/linux/dist/sensor/bpf/pinned.js");
const { placeOf } = await import("../../../../packages/linux/dist/sensor/bpf/stance.js");
const { decided, defaultAction, modes, u32, verdictIn } = await import(
  "../../../../packages/linux/dist/sensor/bpf/structures.js"
);
const { BpfMap } = await import("../../../../packages/linux/dist/libbpf/map.js");

const KEY_BYTES = 16;
const MOST_KEYS = 65_536;

before(async () => {
  if (!skip) await learn();
});
after(endAll);

/** Decided keys of a namespace with their entries, and the table. @param {{ directory: string, id: number }} of */
function decisions({ directory, id }) {
  const tables = BpfMap.pinned("tables", `${directory}/tables`);
  const number = Buffer.alloc(4);
  equal(tables.lookup(placeOf(id), number), true);
  tables.close();
  const table = BpfMap.numbered("table", number.readUInt32LE(0));
  if (table === undefined) throw new Error("the namespace has no table");
  const entries = table.keys(KEY_BYTES, MOST_KEYS).map((key) => {
    const entry = Buffer.alloc(decided.bytes);
    equal(table.lookup(key, entry), true);
    return { key, entry };
  });
  return { table, entries };
}

test("an entry decides for its own key and namespace only", { skip }, async () => {
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "entries");
  await run.hear();
  const asked = async () => [await run.ask("list /usr"), await run.ask("list /var")];
  deepEqual(await asked(), [0, EPERM]);
  run.child.kill("SIGKILL");
  await run.over;
  const [orphan] = orphanedNamespaces();
  if (orphan === undefined) throw new Error("no namespace is without a supervisor");
  deepEqual(await asked(), [0, EPERM]);

  const { table, entries } = decisions(orphan);
  const off = entries.filter(({ entry, key }) => verdictIn(entry, key) === "off");
  const on = entries.filter(({ entry, key }) => verdictIn(entry, key) === "on");
  deepEqual([off.length > 0, on.length > 1], [true, true]);
  // Each key finds the entry of another one, and all that were refused find one that lets the act go ahead.
  for (const [at, { key }] of [...on, ...off].entries()) table.update(key, on[(at + 1) % on.length]?.entry ?? key);
  deepEqual(await asked(), [EPERM, EPERM]);
  for (const { key, entry } of entries) table.update(key, entry);
  deepEqual(await asked(), [0, EPERM]);
  for (const { key } of off) table.delete(key);
  table.close();

  // As the entry of another namespace, which only learns.
  const actions = BpfMap.pinned("default_actions", `${orphan.directory}/default_actions`);
  const own = Buffer.alloc(defaultAction.bytes);
  equal(actions.lookup(placeOf(orphan.id), own), true);
  const other = Buffer.from(own);
  other.writeUInt32LE(orphan.id + 1024, defaultAction.namespace_id);
  other.writeUInt32LE(modes.tell, defaultAction.alone);
  actions.update(placeOf(orphan.id), other);
  deepEqual(await asked(), [0, EPERM]);
  other.writeUInt32LE(orphan.id, defaultAction.namespace_id);
  actions.update(placeOf(orphan.id), other);
  deepEqual(await asked(), [0, 0]);
  actions.update(placeOf(orphan.id), own);
  actions.close();
  run.end();
});

/** `PENDING` of `bpf/record.h`, and more numbers than there have been execs since the programs were loaded. */
const PENDING = 0x8000_0000;
const MOST_EXECS = 16_384;
/** An identity that no exec leads to. */
const EARLIER = 0x7777;
const EXECUTES = `$| = 1;
open my $told, "<", "told";
print "ready\n";
while (<$told>) { system("true") for 1 .. 3; print "done\n" }`;

test("what was assigned to the number of an exec does not count when the number is given out again", {
  skip,
}, async () => {
  await until(() => orphanedNamespaces().length === 0);
  const learnt = beginWith(["perl", "-e", EXECUTES], "learn", "--sensor", "bpf", "-q", "-o", "true.contour");
  await learnt.hear();
  learnt.child.kill("SIGKILL");
  await learnt.over;
  const [orphan] = orphanedNamespaces();
  if (orphan === undefined) throw new Error("no namespace is without a supervisor");
  const assigned = BpfMap.pinned("assigned", `${orphan.directory}/assigned`);
  const keysOf = (/** @type {number} */ namespace) =>
    Array.from({ length: MOST_EXECS }, (_, number) => Buffer.concat([u32(PENDING + number), u32(namespace)]));
  const [own, other] = [keysOf(orphan.id), keysOf(orphan.id + 1)];
  for (const key of [...own, ...other]) assigned.update(key, u32(EARLIER));
  learnt.say("go");
  equal(await learnt.hear(), "done");
  const found = Buffer.alloc(4);
  const left = (/** @type {readonly Buffer[]} */ keys) =>
    keys.filter((key) => assigned.lookup(key, found) && found.readUInt32LE(0) === EARLIER).length;
  deepEqual([left(own), left(other)], [MOST_EXECS - 3, MOST_EXECS]);
  for (const key of [...own, ...other]) assigned.delete(key);
  assigned.close();
  learnt.end();
});
