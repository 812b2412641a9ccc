/** Rewrites a contour for files that were replaced: the same acts of the same programs, with other contents at other paths. */
import { type Digest, isDigest } from "../digest.ts";
import { type Event, type FieldValue, subjectRecord } from "../event/event.ts";
import { fieldsOf } from "../event/operations.ts";
import { deriveTask, type Image, type Task } from "../identity/task.ts";
import type { Contour } from "./contour.ts";
import { rebuild, type Rebuilt } from "./rebuild.ts";

/** What a file is now. */
export interface Replacement {
  readonly path: string;
  readonly digest: Digest;
}

/** The new file in place of one, by its path and content as the contour has them; undefined for a file that stays. */
export type Replacing = (path: string, digest: Digest) => Replacement | undefined;

export interface ReplacedFiles extends Rebuilt {
  /** Acts that name a replaced file themselves; those of programs whose identity changed are not counted. */
  readonly acts: number;
  /** Programs whose identity changed, with everything below. */
  readonly programs: number;
}

/** `movedTo` gives the new path of a file that is named without its content. */
export function replaceFiles(
  contour: Contour,
  replacing: Replacing,
  movedTo: (path: string) => string | undefined = () => undefined,
): ReplacedFiles {
  const replaced = (path: string, digest: Digest): Replacement =>
    replacing(path, digest) ?? { path: movedTo(path) ?? path, digest };
  const entry = (text: string): string => {
    const at = text.lastIndexOf("@");
    const digest = text.slice(at + 1);
    if (at < 0 || !isDigest(digest)) return movedTo(text) ?? text;
    const now = replaced(text.slice(0, at), digest);
    return `${now.path}@${now.digest}`;
  };
  const image = ({ path, digest }: Image): Image =>
    digest === undefined ? { path: movedTo(path) ?? path } : replaced(path, digest);
  const tasks = new Map<Digest, Digest>();
  let acts = 0;
  const rebuilt = rebuild(contour, {
    task: (task, parent) => {
      const { as, runs } = task;
      const call = { ...(as === undefined ? {} : { as }), ...(runs === undefined ? {} : { runs: runs.map(entry) }) };
      const now = deriveTask(parent, task.images.map(image) as unknown as Task["images"], call);
      tasks.set(task.id, now.id);
      return now;
    },
    act: (event) => {
      const subject = subjectNow(event);
      if (subject !== event.subject) acts += 1;
      return withTarget({ ...event, subject } as Event);
    },
  });
  const programs = [...tasks].filter(([before, now]) => before !== now).length;
  return { ...rebuilt, acts, programs };

  function subjectNow(event: Event): Event["subject"] {
    const before = subjectRecord(event);
    const now: Record<string, FieldValue> = { ...before };
    const { path, digest } = before as { path?: string; digest?: Digest };
    if (path !== undefined && digest !== undefined) Object.assign(now, replaced(path, digest));
    for (const [name, { kind }] of fieldsOf(event.op)) {
      const value = before[name];
      if (kind === "path" && !(name === "path" && digest !== undefined)) now[name] = movedTo(value as string) ?? value;
      else if (name === "loader" || name === "runs") now[name] = (value as readonly string[] | undefined)?.map(entry);
    }
    const isSame = fieldsOf(event.op).every(([name]) => String(now[name]) === String(before[name]));
    return isSame ? event.subject : (withoutAbsent(now) as unknown as Event["subject"]);
  }

  /** The code of another process is named by its task. */
  function withTarget(event: Event): Event {
    const { target } = subjectRecord(event);
    const now = tasks.get(target as Digest);
    return now === undefined ? event : ({ ...event, subject: { ...event.subject, target: now } } as Event);
  }
}

function withoutAbsent(subject: Readonly<Record<string, FieldValue>>): Readonly<Record<string, FieldValue>> {
  return Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== undefined));
}

/** Every file that a contour names with its content: what is executed, loaded, mapped, run by an interpreter, or read. */
export function* filesIn(contour: Contour): Generator<{ readonly path: string; readonly digest: Digest }> {
  for (const { images, runs = [] } of contour.tasks()) {
    for (const { path, digest } of images) if (digest !== undefined) yield { path, digest };
    yield* runs.flatMap(named);
  }
  for (let index = 0; index < contour.size; index++) {
    const {
      path,
      digest,
      loader = [],
      runs = [],
    } = subjectRecord(contour.event(index)) as {
      path?: string;
      digest?: Digest;
      loader?: readonly string[];
      runs?: readonly string[];
    };
    if (path !== undefined && digest !== undefined) yield { path, digest };
    yield* [...loader, ...runs].flatMap(named);
  }
}

function named(entry: string): { path: string; digest: Digest }[] {
  const at = entry.lastIndexOf("@");
  const digest = entry.slice(at + 1);
  return at >= 0 && isDigest(digest) ? [{ path: entry.slice(0, at), digest }] : [];
}
