/** Events for property tests: every operation, odd bytes, absent and present optional fields, all credentials. */
import fc from "fast-check";
import { type Digest, ZERO_DIGEST } from "@isoline/core/digest";
import {
  type Actor,
  type Credentials,
  escapeBytes,
  type Event,
  type FieldKind,
  type FieldValue,
  fieldsOf,
  LAUNCH_USER,
  type Operation,
  operationNames,
} from "@isoline/core/event";
import { deriveTask, type Image, type Task } from "@isoline/core/identity";

export const arbitraryDigest: fc.Arbitrary<Digest> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString("hex") as Digest);

/** Escaped text over any bytes: ASCII, valid and invalid UTF-8, what must be escaped. */
export const arbitraryText: fc.Arbitrary<string> = fc.oneof(
  fc.stringMatching(/^[!-~]{0,20}$/).map((text) => escapeBytes(Buffer.from(text))),
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => escapeBytes(Buffer.from(text))),
  fc.uint8Array({ maxLength: 16 }).map(escapeBytes),
  fc.constantFrom("/", "$HOME/.npmrc", "a=b", "a,b", escapeBytes(Buffer.from(" \\\u202e\u0000\u{1f600}\n"))),
);

const u32 = fc.oneof(
  fc.constantFrom(0, 1, 0o100644, LAUNCH_USER, 0xffff_ffff),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

const valueOf: Readonly<Record<FieldKind, fc.Arbitrary<FieldValue>>> = {
  path: arbitraryText,
  text: arbitraryText,
  list: fc.array(
    arbitraryText.filter((text) => text !== ""),
    { maxLength: 5 },
  ),
  u32,
  octal: u32,
  id: u32,
  u64,
  digest: arbitraryDigest,
};

const arbitraryCredentials: fc.Arbitrary<Credentials> = fc.record({
  uid: u32,
  euid: u32,
  suid: u32,
  fsuid: u32,
  gid: u32,
  egid: u32,
  sgid: u32,
  fsgid: u32,
  capabilities: u64,
});

const arbitraryActor: fc.Arbitrary<Actor> = fc.record({
  task: arbitraryDigest,
  parent: arbitraryDigest,
  credentials: arbitraryCredentials,
});

function arbitrarySubject(operation: Operation): fc.Arbitrary<Record<string, FieldValue>> {
  const fields = fieldsOf(operation);
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, valueOf[field.kind]])), {
    requiredKeys: fields.filter(([, field]) => !field.optional).map(([name]) => name),
  });
}

/** Any event of one of the operations. */
export function arbitraryEvent(
  actor = arbitraryActor,
  operations: readonly Operation[] = operationNames,
): fc.Arbitrary<Event> {
  return fc
    .constantFrom(...operations)
    .chain((op) =>
      fc.record({ actor, subject: arbitrarySubject(op) }).map((rest) => ({ op, ...rest }) as unknown as Event),
    );
}

const arbitraryImage: fc.Arbitrary<Image> = fc.record(
  {
    path: fc.oneof(fc.constantFrom("/bin/sh", "/usr/bin/node", "/bin/a\\x20b"), arbitraryText),
    digest: arbitraryDigest,
  },
  { requiredKeys: ["path"] },
);

const arbitraryRuns = fc.array(
  fc.oneof(fc.constantFrom("$CWD/a.js", "text", "/b,c@x"), arbitraryText.filter(Boolean)),
  { minLength: 1, maxLength: 3 },
);

/** A few tasks, each without a parent or a child of an earlier one. */
const arbitraryTasks: fc.Arbitrary<readonly Task[]> = fc
  .array(
    fc.record({
      parent: fc.nat(),
      images: fc.array(arbitraryImage, { minLength: 1, maxLength: 3 }),
      call: fc.record({ as: arbitraryText, runs: arbitraryRuns }, { requiredKeys: [] }),
    }),
    { maxLength: 6 },
  )
  .map((seeds) => {
    const tasks: Task[] = [];
    for (const { parent, images, call } of seeds) {
      const above = tasks[parent % (tasks.length + 1)];
      tasks.push(deriveTask(above?.id ?? ZERO_DIGEST, images as [Image, ...Image[]], call));
    }
    return tasks;
  });

/** Tasks, and events of these tasks or of no task. */
export const arbitraryBehaviour: fc.Arbitrary<{ tasks: readonly Task[]; events: readonly Event[] }> =
  arbitraryTasks.chain((tasks) => {
    const doers = fc.constantFrom({ id: ZERO_DIGEST, parent: ZERO_DIGEST }, ...tasks);
    const credentials = fc.oneof(fc.constant(plainCredentials), arbitraryCredentials);
    const actor = fc.tuple(doers, credentials).map(([{ id, parent }, c]) => ({ task: id, parent, credentials: c }));
    return fc.record({ tasks: fc.constant(tasks), events: fc.array(arbitraryEvent(actor), { maxLength: 20 }) });
  });

export const plainCredentials: Credentials = {
  uid: LAUNCH_USER,
  euid: LAUNCH_USER,
  suid: LAUNCH_USER,
  fsuid: LAUNCH_USER,
  gid: LAUNCH_USER,
  egid: LAUNCH_USER,
  sgid: LAUNCH_USER,
  fsgid: LAUNCH_USER,
  capabilities: 0n,
};
