/**
 * Fits rules to the existing files: each right goes to the object that has the name now or, if the namespace will create it, to
 * the nearest existing directory above.
 *
 * Pure but for `look`, which reports what exists at a path.
 */
import { directoryOf } from "./real-path.ts";
import { FILE_RIGHTS, fsRights } from "./rights.ts";
import type { FileRule, LandlockRules, Spot } from "./rules.ts";
import { Widening } from "./widening.ts";

/** The result of looking at a canonical path: an object, nothing, or a reason why it must not be used. */
export type Look = (path: string) => "file" | "directory" | "missing" | { readonly refused: string };

/** A rule for an existing object. */
export type SettledRule = Pick<FileRule, "path" | "on" | "access" | "tried">;

export interface Settled {
  readonly rules: readonly SettledRule[];
  readonly notes: readonly string[];
}

/** `handled`: the rights that this kernel will restrict; the others need no rule. */
export function settle(rules: LandlockRules, handled: number, look: Look): Settled {
  const ground = new Ground(handled, look);
  for (const rule of rules.files) ground.allow(rule, rule.access, rule.tried);
  ground.equalise(rules);
  return ground.finish();
}

/** The number of replaced paths that are named one by one. */
const MAX_NAMED = 16;

interface Held {
  readonly on: Spot["on"];
  access: number;
  tried: boolean;
}

class Ground {
  readonly #handled: number;
  readonly #look: Look;
  readonly #looked = new Map<string, ReturnType<Look>>();
  readonly #held = new Map<string, Held>();
  readonly #early = new Widening("for what is not there yet");
  readonly #moves = new Widening("so that files may be moved or linked to");
  readonly #missing = new Set<string>();
  readonly #unfit = new Map<string, string>();

  constructor(handled: number, look: Look) {
    this.#handled = handled;
    this.#look = look;
  }

  allow(spot: Spot, access: number, tried: boolean): void {
    const rights = access & this.#handled;
    if (rights === 0) return;
    const place = this.#placeOf(spot);
    if (place === undefined) return;
    if (place.path !== spot.path) this.#early.note(place.path, rights, spot.path);
    this.#add(place.path, place.on, rights, tried && place.path === spot.path);
  }

  /** Gives each source of a move the rights of its target, until no right is missing. */
  equalise({ moves }: LandlockRules): void {
    const pairs = moves.flatMap(({ from, to, rights }) => {
      const [source, target] = [this.#placeOf(from), this.#placeOf(to)];
      return source && target ? [{ source, target, rights }] : [];
    });
    for (let changed = true; changed; ) {
      changed = false;
      for (const { source, target, rights } of pairs) {
        const held = this.#effective(source.path);
        const lacking = this.#effective(target.path) & rights & ~held & (source.on === "file" ? FILE_RIGHTS : ~0);
        if (lacking === 0) continue;
        this.#add(source.path, source.on, lacking, false);
        this.#moves.note(source.path, lacking, target.path);
        changed = true;
      }
    }
  }

  finish(): Settled {
    const rules: SettledRule[] = [];
    for (const [path, { on, access, tried }] of [...this.#held].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const above = path === "/" ? 0 : this.#effective(directoryOf(path));
      const runs = tried && ((above | access) & (fsRights.execute | fsRights["write-file"])) === 0;
      if ((access & ~above) !== 0 || runs) rules.push({ path, on, access, tried: runs });
    }
    return { rules, notes: [...this.#early.lines(), ...this.#moves.lines(), ...this.#absences()] };
  }

  #absences(): string[] {
    const notes = [...this.#unfit]
      .slice(0, MAX_NAMED)
      .map(([path, why]) => `${path}: ${why}, so nothing is allowed there`);
    if (this.#unfit.size > MAX_NAMED) notes.push(`and ${this.#unfit.size - MAX_NAMED} more that have changed`);
    const [first] = this.#missing;
    if (first === undefined) return notes;
    const more = this.#missing.size > 1 ? ` and ${this.#missing.size - 1} more` : "";
    return [...notes, `not there, and nothing on the contour makes it, so nothing is allowed there: ${first}${more}`];
  }

  #placeOf(spot: Spot): { readonly path: string; readonly on: Spot["on"] } | undefined {
    for (let path = spot.path; ; path = directoryOf(path)) {
      const seen = this.#seen(path);
      const on = path === spot.path ? spot.on : "directory";
      if (seen === on) return { path, on };
      if (seen === "missing" && spot.appears && path !== "/") continue;
      if (seen === "missing") this.#missing.add(spot.path);
      else this.#unfit.set(path, typeof seen === "string" ? `is a ${seen}, not a ${on}` : seen.refused);
      return undefined;
    }
  }

  #seen(path: string): ReturnType<Look> {
    const known = this.#looked.get(path);
    if (known !== undefined) return known;
    const seen = this.#look(path);
    this.#looked.set(path, seen);
    return seen;
  }

  #add(path: string, on: Spot["on"], access: number, tried: boolean): void {
    const held = this.#held.get(path);
    if (!held) this.#held.set(path, { on, access, tried });
    else {
      held.access |= access;
      held.tried ||= tried;
    }
  }

  /** The rights on a path: its own, and those of every directory above. */
  #effective(path: string): number {
    let access = this.#held.get("/")?.access ?? 0;
    for (let at = path; at !== "/"; at = directoryOf(at)) access |= this.#held.get(at)?.access ?? 0;
    return access;
  }
}
