/**
 * Reads a TSEM log: one JSON object a line, as a kernel exports it or as a trajectory file keeps it.
 *
 * A log repeats itself, and the parts that differ between two lines of the same event (pid, number, times) all precede the COE.
 * So an event is cached under its type, its task and the text from the COE on. A repeated event costs one match and one lookup:
 * nothing is parsed, no digest is computed, and the same `TsemEvent` is returned.
 */
import { type Digest, isDigest, ZERO_DIGEST } from "../digest.ts";
import type { Actor, Credentials } from "../event/event.ts";
import { escapeLatin1, parseLongNumber, parseNumber } from "./tsem-cell.ts";
import type { TsemEvent } from "./tsem-event.ts";
import { objectAt, textAt } from "./tsem-layout.ts";
import { badExport, type TsemProfile } from "./tsem-profile.ts";
import { parseTsemText, type TsemObject } from "./tsem-text.ts";

export type TsemRecord =
  | { readonly kind: "event"; readonly event: TsemEvent }
  /** An event for which the profile has no point; `reason` says why. It must be counted as missing, never dropped. */
  | { readonly kind: "outside"; readonly reason: string }
  | { readonly kind: "aggregate"; readonly aggregate: Digest }
  /** An act of a process that is untrusted already, as older kernels report it: without attributes. */
  | { readonly kind: "log"; readonly process: string; readonly type: string; readonly action: string };

/** The text that a kernel writes before the COE, field by field. Any other spelling is parsed in full. */
const USUAL_HEAD =
  /^\{(?:"export": \{"type": "(?:async_)?event"\}, )?"event": \{(?:"pid": "\d{1,10}", )?(?:"tnum": "\d{1,20}", )?"context": "\d{1,20}", "number": "\d{1,20}", "process": "[^"\\]{0,64}", "type": "([a-z_]{1,32})", "ttd": "\d{1,20}", "p_ttd": "\d{1,20}", "task_id": "([0-9a-f]{64})", "p_task_id": "[0-9a-f]{64}", "ts": "\d{1,20}"\}, /;

/** Enough for the distinct events of a system boot; then the cache is emptied. */
const MAX_REMEMBERED = 32_768;

const coeIds = ["uid", "euid", "suid", "gid", "egid", "sgid", "fsuid", "fsgid"] as const;

export class TsemReader {
  readonly #profile: TsemProfile;
  readonly #remembered = new Map<string, TsemRecord>();
  readonly #actors = new Map<string, Actor>();

  constructor(profile: TsemProfile) {
    this.#profile = profile;
  }

  /** Reads one line without its newline: bytes, or text that stands for its UTF-8. Refuses with `bad-trajectory`. */
  read(line: Uint8Array | string): TsemRecord {
    const bytes = latin1(line);
    const head = USUAL_HEAD.exec(bytes);
    if (!head) return this.#parse(bytes);
    // bytes[3] distinguishes "export" from "event": with the first, an equal tail that says "export" again is not the same
    // line.
    const key = `${bytes[3]} ${head[1]} ${head[2]} ${bytes.slice(head[0].length)}`;
    const known = this.#remembered.get(key);
    if (known) return known;
    const record = this.#parse(bytes);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, record);
    return record;
  }

  #parse(line: string): TsemRecord {
    const object = parseTsemText(line);
    switch (textAt(object, ["export", "type"])) {
      case "aggregate":
        return aggregateOf(object);
      case "log":
        return "event" in object ? this.#event(object) : logOf(object);
      case "event":
      case "async_event":
        return this.#event(object);
      case undefined:
        if ("export" in object) throw badExport("export.type is missing");
        return this.#event(object);
      default:
        throw badExport(`export.type is not one of event, async_event, aggregate, log`);
    }
  }

  #event(object: TsemObject): TsemRecord {
    const type = required(object, "event", "type");
    const cell = objectAt(object, [type]);
    if (!cell)
      throw badExport(`expected an object ${JSON.stringify(type.slice(0, 40))} with the attributes of the event`);
    const process = escapeLatin1(required(object, "event", "process"));
    const event = this.#profile.describe({ type, actor: this.#actorOf(object), process, cell });
    return typeof event === "string" ? { kind: "outside", reason: event } : { kind: "event", event };
  }

  /** The actor of a line; the same object for the same actor, so that a contour recognises it without comparing it. */
  #actorOf(object: TsemObject): Actor {
    const task = required(object, "event", "task_id");
    const coe = [...coeIds, "capeff"].map((id) => required(object, "COE", id));
    const key = `${task} ${coe.join(" ")}`;
    let actor = this.#actors.get(key);
    if (!actor) {
      if (this.#actors.size >= MAX_REMEMBERED) this.#actors.clear();
      actor = parseActor(task, coe);
      this.#actors.set(key, actor);
    }
    return actor;
  }
}

function parseActor(task: string, coe: readonly string[]): Actor {
  if (!isDigest(task)) throw badExport("event.task_id is not a SHA-256 digest");
  const ids = coeIds.map((id, at) => {
    const value = parseNumber(coe[at] as string, 0xffff_ffff);
    if (value === undefined) throw badExport(`COE.${id} is not a 32-bit number`);
    return [id, value] as const;
  });
  const capabilities = parseLongNumber(coe[coeIds.length] as string);
  if (capabilities === undefined) throw badExport("COE.capeff is not a 64-bit number");
  const credentials = { ...Object.fromEntries(ids), capabilities } as unknown as Credentials;
  return { task, parent: ZERO_DIGEST, credentials };
}

function aggregateOf(object: TsemObject): TsemRecord {
  const aggregate = required(object, "aggregate", "value");
  if (!isDigest(aggregate)) throw badExport("aggregate.value is not a SHA-256 digest");
  return { kind: "aggregate", aggregate };
}

function logOf(object: TsemObject): TsemRecord {
  const action = required(object, "log", "action");
  if (action !== "DENY" && action !== "LOG") throw badExport("log.action is neither DENY nor LOG");
  const process = escapeLatin1(required(object, "log", "process"));
  return { kind: "log", process, type: escapeLatin1(required(object, "log", "event")), action };
}

function required(object: TsemObject, ...at: string[]): string {
  const text = textAt(object, at);
  if (text === undefined) throw badExport(`${at.join(".")} is missing, or is not text`);
  return text;
}

/** A line as one character per byte. */
function latin1(line: Uint8Array | string): string {
  if (typeof line !== "string") return Buffer.from(line.buffer, line.byteOffset, line.length).toString("latin1");
  return /^[\0-\x7f]*$/.test(line) ? line : Buffer.from(line, "utf8").toString("latin1");
}
