/** Contours for tests. */
import fc from "fast-check";
import { Contour, writeContour } from "@isoline/core/contour";
import { type Digest, sha256, ZERO_DIGEST } from "@isoline/core/digest";
import type { Event } from "@isoline/core/event";
import { deriveTask, type Task } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { arbitraryBehaviour, arbitraryDigest, arbitraryText, plainCredentials } from "./event.ts";

export const textOf = (contour: Contour) => [...writeContour(contour)].join("");

/** The digest of a named content in tests. */
export const contentOf = (name: string): Digest => sha256(Buffer.from(name));

/** A task tree and its events, given by program paths: `learnt({ "/bin/sh": [...], "/bin/sh /usr/bin/node": [...] })`. */
export interface Program {
  readonly chain: readonly string[];
  /** The names of contents, by path, where they differ from the path. */
  readonly contents?: Readonly<Record<string, string>>;
  readonly acts: readonly string[];
}

export function contourOf(programs: readonly Program[], policy = "{}"): Contour {
  const contour = Contour.create({ profile: iso1, policy });
  for (const { chain, contents, acts } of programs) {
    const task = defineChain(contour, chain, contents ?? {});
    for (const act of acts) contour.add(eventOf(act, task));
  }
  return contour;
}

function defineChain(
  contour: Contour,
  chain: readonly string[],
  contents: Readonly<Record<string, string>> = {},
): Task | undefined {
  let task: Task | undefined;
  for (const path of chain) {
    task = deriveTask(task?.id ?? ZERO_DIGEST, [{ path, digest: contentOf(contents[path] ?? path) }]);
    contour.defineTask(task);
  }
  return task;
}

export function eventOf(act: string, task?: Task): Event {
  const actor = { task: task?.id ?? ZERO_DIGEST, parent: task?.parent ?? ZERO_DIGEST, credentials: plainCredentials };
  return iso1.parseAct(act, actor);
}

export const openAct = (path: string, digest?: string) =>
  `open access=read path=${path} mode=0100644 uid=user gid=user fs=disk${digest ? ` digest=${contentOf(digest)}` : ""}`;

/** Any contour, with gaps, and counted in more than one run. */
export const arbitraryContour: fc.Arbitrary<Contour> = fc
  .record({
    behaviour: arbitraryBehaviour,
    base: arbitraryDigest,
    aggregate: arbitraryDigest,
    policy: fc
      .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue(), { noNullPrototype: true })
      .map((policy) => JSON.stringify(policy)),
    missed: fc.array(fc.oneof(arbitraryText, fc.string({ unit: "binary" })), { maxLength: 3 }),
    again: fc.array(fc.nat()),
  })
  .map(({ behaviour: { tasks, events }, base, aggregate, policy, missed, again }) => {
    const contour = Contour.create({ profile: iso1, policy: JSON.stringify(JSON.parse(policy)), base, aggregate });
    for (const task of tasks) contour.defineTask(task);
    for (const event of events) contour.add(event);
    if (again.length > 0) contour.beginRun();
    for (const pick of again) if (contour.size > 0) contour.count(pick % contour.size, 3);
    for (const reason of missed) contour.flag(reason);
    return contour;
  });
