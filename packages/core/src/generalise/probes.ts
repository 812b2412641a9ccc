/**
 * What a rule accepts that was not learnt, measured: names that no run used are tried on the contour, in the place of names that
 * were.
 */
import { literal } from "../identity/path-text.ts";
import { escapeText } from "../event/escape.ts";
import type { Event } from "../event/event.ts";
import { Classes } from "../identity/classes/classes.ts";
import { componentsOf } from "../identity/classes/levelled-path.ts";
import type { ClassRule } from "../identity/classes/rule.ts";
import { type Act, namesIn } from "./acts.ts";
import { PointSet } from "./point-set.ts";
import { endingOf } from "./shape.ts";

/** For each kind of probe, how many were tried and how many would be on the contour. */
export type Probed = Readonly<Record<ProbeKind, { readonly tried: number; readonly accepted: number }>>;
export const probeKinds = ["same ending", "another ending", "another place", "odd name", "sensitive"] as const;
export type ProbeKind = (typeof probeKinds)[number];

/** How many acts of a rule are tried. Each is tried with some forty names. */
const MOST_ACTS = 40;
const FEWEST_ACTS = 2;
/** Over all rules: where there are hundreds, each gets fewer. */
const MOST_ACTS_IN_ALL = 2000;
const words = ["zqx-unseen", "report7f", "invoice", "x", "backup-old"];
const odd = ["..x", "a b", "-rf", "$(id)", "\u202etxt", "%00", "a;b", "~root", "{n#1}", "a=b"];
const sensitive = [
  ".git/hooks/pre-commit",
  ".ssh/authorized_keys",
  ".bashrc",
  "../.bashrc",
  ".config/autostart/x.desktop",
  ".npmrc",
  ".env",
  "Makefile",
  "package.json",
  "node_modules/.bin/tsc",
  ".vscode/tasks.json",
  ".claude/settings.json",
  "AGENTS.md",
  ".git/config",
  "hooks/post-checkout",
  "cron.d/x",
  "systemd/user/x.service",
  "conftest.py",
];

/** What a build runs: a program that reads one of another directory opens nothing, while one that writes it does. */
const toBeWritten: ReadonlySet<string> = new Set(["Makefile", "package.json", "conftest.py"]);

/** Tries names on a contour under its rules; `acts` are all of its acts. What they are under these rules is found out once. */
export class Prober {
  readonly #classes: Classes;
  /** The acts that rules change, by their place on the contour, and what the rules make of them. */
  readonly #changed: Uint8Array;
  readonly #made = new PointSet();
  /** The acts that each rule changes, by its place. */
  readonly #touched: readonly Act[][];

  constructor(acts: readonly Act[], rules: readonly ClassRule[]) {
    this.#classes = new Classes(rules);
    this.#touched = rules.map(() => []);
    this.#changed = new Uint8Array(acts.length);
    for (const act of acts) {
      const changed = act.names && this.#classes.changed(act.names, () => act.programs);
      if (changed === undefined) continue;
      this.#changed[act.index] = 1;
      this.#made.add(changed.event);
      for (const rule of changed.rules) this.#touched[rule]?.push(act);
    }
  }

  /** Tries names in the place of those that the rule at this place takes. */
  probe(rule: number): Probed {
    const counts = Object.fromEntries(probeKinds.map((kind) => [kind, { tried: 0, accepted: 0 }])) as Record<
      ProbeKind,
      { tried: number; accepted: number }
    >;
    const most = Math.max(FEWEST_ACTS, Math.min(MOST_ACTS, Math.floor(MOST_ACTS_IN_ALL / this.#touched.length)));
    for (const act of spread(this.#touched[rule] ?? [], most)) {
      for (const [kind, event] of probesFor(act.event)) {
        // What a run did is no probe.
        if (act.placeOf(event) >= 0) continue;
        counts[kind].tried += 1;
        if (this.#isLearnt(act, this.#classes.of(event, () => act.programs).event)) counts[kind].accepted += 1;
      }
    }
    return counts;
  }

  /** Whether an event, after the rules, is one of those that the rules leave of the contour of an act. */
  #isLearnt(act: Act, event: Event): boolean {
    if (this.#made.has(event)) return true;
    const place = act.placeOf(event);
    return place >= 0 && this.#changed[place] === 0;
  }
}

function* probesFor(event: Event): Generator<readonly [ProbeKind, Event]> {
  const path = namesIn(event).at(-1) as string;
  const components = componentsOf(path);
  if (components === undefined) return;
  const directory = path.slice(0, path.lastIndexOf("/"));
  const ending = endingOf(components.at(-1) as string);
  for (const word of words) {
    yield ["same ending", renamed(event, `${directory}/${word}${ending}`)];
    yield ["another ending", renamed(event, `${directory}/${word}.zqx`)];
    yield ["another place", renamed(event, `${directory}-elsewhere/${word}${ending}`)];
  }
  for (const word of odd) yield ["odd name", renamed(event, `${directory}/${literal(escapeText(word))}${ending}`)];
  const isRead = event.op === "open" && event.subject.access === "read";
  for (const name of sensitive)
    if (!isRead || !toBeWritten.has(name)) yield ["sensitive", renamed(event, `${directory}/${name}`)];
}

function renamed(event: Event, path: string): Event {
  const subject = event.subject as Record<string, unknown>;
  const field = "to" in subject ? "to" : "address" in subject ? "address" : "path";
  return { ...event, subject: { ...subject, [field]: path } } as unknown as Event;
}

/** At most `most` of a list, evenly spread. */
function spread<T>(all: readonly T[], most: number): T[] {
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(most, all.length) }, (_, at) => all[Math.floor(at * step)] as T);
}
