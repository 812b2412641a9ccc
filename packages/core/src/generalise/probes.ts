/**
 * What a rule accepts that was not learnt, measured: names that no run used are tried on the contour, in the place of names that
 * were.
 */
import { literal } from "../identity/path-text.ts";
import { escapeText } from "../event/escape.ts";
import { iso1Point } from "../profile/iso1.ts";
import type { Event } from "../event/event.ts";
import { Classes } from "../identity/classes/classes.ts";
import { componentsOf } from "../identity/classes/levelled-path.ts";
import type { ClassRule } from "../identity/classes/rule.ts";
import { type Act, namesIn } from "./acts.ts";
import { endingOf } from "./shape.ts";

/** For each kind of probe, how many were tried and how many would be on the contour. */
export type Probed = Readonly<Record<ProbeKind, { readonly tried: number; readonly accepted: number }>>;
export const probeKinds = ["same ending", "another ending", "another place", "odd name", "sensitive"] as const;
export type ProbeKind = (typeof probeKinds)[number];

const MOST_ACTS = 40;
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

/** Tries names on a contour under its rules, in the place of those that `rule` takes. */
export function probe(acts: readonly Act[], rules: readonly ClassRule[], rule: ClassRule): Probed {
  const classes = new Classes(rules);
  const at = rules.indexOf(rule);
  const [learnt, done] = [new Set<string>(), new Set(acts.map((act) => iso1Point(act.event)))];
  const touched: Act[] = [];
  for (const act of acts) {
    const { event, rules: used } = classes.of(act.event, () => act.programs);
    learnt.add(iso1Point(event));
    if (used.includes(at)) touched.push(act);
  }
  const counts = Object.fromEntries(probeKinds.map((kind) => [kind, { tried: 0, accepted: 0 }])) as Record<
    ProbeKind,
    { tried: number; accepted: number }
  >;
  for (const act of spread(touched, MOST_ACTS)) {
    for (const [kind, event] of probesFor(act.event)) {
      // What a run did is no probe.
      if (done.has(iso1Point(event))) continue;
      counts[kind].tried += 1;
      if (learnt.has(iso1Point(classes.of(event, () => act.programs).event))) counts[kind].accepted += 1;
    }
  }
  return counts;
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
  for (const name of sensitive) yield ["sensitive", renamed(event, `${directory}/${name}`)];
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
