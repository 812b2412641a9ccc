/**
 * An event from a TSEM kernel: its actor, and the attributes that the profile hashes, each as the text that a contour shows.
 *
 * A contour keeps it as: 32 task ‖ u32×8 uid euid suid gid egid sgid fsuid fsgid ‖ u64 capabilities ‖ UTF-8 of the act.
 * Attributes that no profile hashes (pid, number, times, device numbers, the parent's identity) are not kept.
 */
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Actor, Credentials } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import type { Exchange } from "./profile.ts";
import { fits, type Layout, type Layouts } from "./tsem-layout.ts";

const ACTOR_BYTES = 72;

/** The order of the COE; `iso1` has another. */
const coeIds = [
  "uid",
  "euid",
  "suid",
  "gid",
  "egid",
  "sgid",
  "fsuid",
  "fsgid",
] as const satisfies readonly (keyof Credentials)[];

export class TsemEvent implements Exchange {
  readonly actor: Actor;
  readonly layout: Layout;
  readonly values: readonly string[];
  /** Name of the process, for people; not hashed. */
  readonly process: string;
  #encoding: Buffer | undefined;
  #point: Buffer | undefined;

  constructor(actor: Actor, layout: Layout, values: readonly string[], process = "") {
    this.actor = actor;
    this.layout = layout;
    this.values = values;
    this.process = process;
  }

  get op(): string {
    return this.layout.op;
  }

  /** `op name=value …` */
  get act(): string {
    return this.layout.fields.reduce((act, { name }, at) => `${act} ${name}=${this.values[at]}`, this.op);
  }

  /** The encoding that a contour keeps; computed once, because a log repeats itself. */
  get encoding(): Buffer {
    this.#encoding ??= encodeTsemEvent(this);
    return this.#encoding;
  }

  /** The point, 32 bytes; computed once. */
  point(compute: (event: TsemEvent) => Buffer): Buffer {
    this.#point ??= compute(this);
    return this.#point;
  }
}

const scratch = Buffer.alloc(ACTOR_BYTES + 65_536);

function encodeTsemEvent(event: TsemEvent): Buffer {
  scratch.write(event.actor.task, 0, "hex");
  putCoe(event.actor.credentials, scratch, 32);
  const length = scratch.write(event.act, ACTOR_BYTES, "utf8");
  return Buffer.from(scratch.subarray(0, ACTOR_BYTES + length));
}

/** Writes the 40 bytes of the COE as every TSEM-like profile lays them out: u32×8, then u64 capabilities. */
export function putCoe(credentials: Credentials, out: Buffer, offset: number): void {
  let at = offset;
  for (const id of coeIds) at = out.writeUInt32LE(credentials[id], at);
  out.writeBigUInt64LE(credentials.capabilities, at);
}

export function decodeTsemEvent(bytes: Buffer, layouts: Layouts): TsemEvent {
  const ids = coeIds.map((id, at) => [id, bytes.readUInt32LE(32 + at * 4)] as const);
  const credentials = { ...Object.fromEntries(ids), capabilities: bytes.readBigUInt64LE(64) } as unknown as Credentials;
  const actor = { task: bytes.toString("hex", 0, 32) as Digest, parent: ZERO_DIGEST, credentials };
  return parseTsemAct(bytes.toString("utf8", ACTOR_BYTES), actor, layouts);
}

/** Reads `op name=value …`; refuses every other spelling with `bad-event`. */
export function parseTsemAct(line: string, actor: Actor, layouts: Layouts): TsemEvent {
  const [op, ...words] = line.split(" ") as [string, ...string[]];
  const cuts = words.map((word) => word.indexOf("="));
  const layout = layouts.find(
    op,
    words.map((word, at) => word.slice(0, Math.max(0, cuts[at] as number))),
  );
  if (!layout) throw badAct(line, "no event of this profile has these names");
  const values = words.map((word, at) => word.slice((cuts[at] as number) + 1));
  if (!fits(layout, values)) throw badAct(line, "a value is not of its kind, or not spelled the canonical way");
  return new TsemEvent(actor, layout, values);
}

/** The task of an event as far as a TSEM log has it: an id from the kernel and a name for display. */
export function tsemTask(event: TsemEvent): Task | undefined {
  if (event.actor.task === ZERO_DIGEST) return undefined;
  return { id: event.actor.task, parent: ZERO_DIGEST, images: [{ path: event.process }] };
}

function badAct(line: string, why: string): IsolineError {
  return new IsolineError("bad-event", `cannot read the act ${JSON.stringify(line.slice(0, 120))}: ${why}`);
}
