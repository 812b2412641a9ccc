/**
 * Compiles a contour to Landlock rules: the tightest set that permits everything that some point permits.
 *
 * The sensor reads paths from memory that another thread may change before the kernel reads them. These rules are checked by
 * the kernel on the file that it opens. A thread that wins the race can still only reach what is on the contour for *some* task
 * of the namespace. The rules do not distinguish actors (Landlock has one rule set for the whole namespace), and do not cover
 * acts for which Landlock has no right.
 *
 * Pure: the file system is not read. `settle.ts` does what depends on it.
 */
import type { Contour } from "@isoline/core/contour";
import type { Event } from "@isoline/core/event";
import { parsePolicy, type Policy } from "@isoline/core/identity";
import { ChangingNames } from "./changing-names.ts";
import { NetworkRules } from "./network.ts";
import { type Need, needsOf, type Passage, passagesOf, unseenNeeds } from "./needs.ts";
import { obstacleIn } from "./obstacles.ts";
import { type Places, type Reading, type RealPath, RealPaths } from "./real-path.ts";
import { ALL_FS, fsRights, namesOf } from "./rights.ts";
import type { FileRule, LandlockRules, Move, Spot } from "./rules.ts";
import { Widening } from "./widening.ts";

/** Compiles a contour for a launch at these paths. */
export function compileLandlock(contour: Contour, places: Places): LandlockRules {
  const events = Array.from({ length: contour.size }, (_, index) => contour.event(index));
  return compileRules(events, places, parsePolicy(JSON.parse(contour.policy)));
}

/** Compiles events that were levelled under a policy. */
export function compileRules(
  events: readonly Event[],
  places: Places,
  policy: Pick<Policy, "pseudonyms" | "iouring"> & Partial<Pick<Policy, "rules" | "classes">>,
): LandlockRules {
  const compilation = new Compilation(new RealPaths(places, policy.pseudonyms), policy.iouring === "allow");
  for (const event of events) compilation.names.note(event);
  for (const event of events) compilation.take(event);
  for (const need of unseenNeeds(policy)) compilation.allow(need);
  return compilation.finish();
}

class Compilation {
  readonly names: ChangingNames;
  readonly #paths: RealPaths;
  readonly #allowsIoUring: boolean;
  readonly #reasons = new Set<string>();
  readonly #files = new Map<string, FileRule>();
  readonly #moves = new Map<string, Move>();
  readonly #network = new NetworkRules();
  /** Rights that are needed at an unknown place, each with the path that needs it. */
  readonly #released = new Map<number, string>();
  readonly #unfixed = new Widening("for names that are not fixed");

  constructor(paths: RealPaths, allowsIoUring: boolean) {
    this.names = new ChangingNames(paths);
    this.#paths = paths;
    this.#allowsIoUring = allowsIoUring;
  }

  take(event: Event): void {
    const obstacle = obstacleIn(event, { allowsIoUring: this.#allowsIoUring });
    if (obstacle) this.#reasons.add(obstacle);
    for (const need of needsOf(event)) this.allow(need);
    for (const passage of passagesOf(event)) this.#passage(passage);
    this.#network.note(event);
  }

  finish(): LandlockRules {
    const released = [...this.#released.keys()].reduce((all, right) => all | right, 0);
    return {
      usable: this.#reasons.size === 0,
      reasons: [...this.#reasons],
      files: [...this.#files.values()].sort(byPath),
      moves: [...this.#moves.values()],
      tcpBind: this.#network.bind,
      tcpConnect: this.#network.connect,
      handledFs: ALL_FS & ~released,
      handledNet: this.#network.handled,
      scoped: this.#network.scoped,
      notes: [
        ...this.#unfixed.lines(),
        ...[...this.#released].map(
          ([right, path]) => `${namesOf(right)} is not restricted: the place of ${path} is not known`,
        ),
        ...this.#network.notes(),
      ],
    };
  }

  allow({ path, of, on, rights, tried = false }: Need): void {
    const reading = of === "parent" ? this.#paths.parentOf(path) : this.#paths.of(path);
    if (reading === "nowhere") return;
    if (reading === "unknown") return this.#release(rights, path);
    for (const real of reading) {
      const spot = this.names.spotOf(real, on);
      if (!isExact(spot, real)) this.#unfixed.note(spot.path, rights, path);
      this.#allow(spot, rights, tried && isExact(spot, real));
    }
  }

  #allow(spot: Spot, rights: number, tried: boolean): void {
    const key = `${spot.on} ${spot.path}`;
    const known = this.#files.get(key);
    this.#files.set(key, { ...spot, access: (known?.access ?? 0) | rights, tried: (known?.tried ?? false) || tried });
  }

  /** A right that cannot be tied to a place is not restricted anywhere. */
  #release(rights: number, path: string): void {
    for (const right of Object.values(fsRights)) {
      if ((rights & right) !== 0 && !this.#released.has(right)) this.#released.set(right, path);
    }
  }

  #passage({ from, to, rights }: Passage): void {
    const [source, target] = [this.#paths.of(from), this.#paths.of(to)];
    if (source === "unknown" || target === "unknown")
      this.#reasons.add("it moves or links a file whose place is unknown");
    if (typeof source === "string" || typeof target === "string") return;
    const homes = [parentsOf(this.#paths.parentOf(from)), parentsOf(this.#paths.parentOf(to))] as const;
    if (isSameDirectory(...homes)) return;
    for (const home of homes.flat()) this.#allow(this.names.spotOf(home, "directory"), fsRights.refer, false);
    for (const object of source) {
      for (const home of homes[1])
        this.#move({
          from: this.names.spotOf(object, sourceKind(rights)),
          to: this.names.spotOf(home, "directory"),
          rights,
        });
    }
  }

  #move(move: Move): void {
    this.#moves.set(`${move.from.on} ${move.from.path} ${move.to.path} ${move.rights}`, move);
  }
}

/** Whether a right is granted exactly where it is needed, or had to be granted on a directory above. */
function isExact(spot: Spot, real: RealPath): boolean {
  return real.beyond === 0 && spot.path === real.path;
}

function parentsOf(reading: Reading): readonly RealPath[] {
  return typeof reading === "string" ? [] : reading;
}

/** Both paths lie in the same directory, which is known by name: no file gets another parent. */
function isSameDirectory(a: readonly RealPath[], b: readonly RealPath[]): boolean {
  const [from, ...others] = a;
  const [to, ...more] = b;
  if (!from || !to || others.length > 0 || more.length > 0) return false;
  return from.beyond === 0 && to.beyond === 0 && from.path === to.path;
}

function sourceKind(rights: number): Spot["on"] {
  return rights === ALL_FS ? "directory" : "file";
}

function byPath(a: FileRule, b: FileRule): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
