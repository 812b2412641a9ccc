import { Contour } from "@isoline/core/contour";
import { ZERO_DIGEST } from "@isoline/core/digest";
import { Engine, type Mode } from "@isoline/core/engine";
import type { Actor } from "@isoline/core/event";
import { canonicalPolicy, DEFAULT_POLICY } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { expect, it } from "vitest";
import type { ActingProcess } from "./acting.ts";
import { type Act, refusedAnyway } from "./mediation.ts";
import { Asking, HELD } from "./asking.ts";
import { ModelMediator } from "./model-mediator.ts";
import { NOWHERE } from "./relation.ts";

const IDS = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
const ACTOR: Actor = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: { ...IDS, capabilities: 0n } };
const LAUNCH = { cwd: "/w", home: "/h", temp: [], uid: 0, gid: 0, ephemeralPorts: [32_768, 60_999] } as const;

const list = (path: string): Act => ({
  op: "open",
  subject: { access: "read", path, mode: 0o040755, uid: 0, gid: 0, fs: "disk" },
});

const process = (handle: number) =>
  ({
    ...{ pid: 1000 + handle, handle, pidfd: -1, otherParents: [], multithreaded: false, countsAnew: false },
    ...{ atOwnRoot: true, identity: { serial: 0, id: ZERO_DIGEST, parentId: ZERO_DIGEST, program: "", chain: [] } },
  }) as unknown as ActingProcess;

/** A mediator that has learnt to list /etc, and two processes of the same task. */
function mediator(mode: Mode) {
  const contour = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
  const engineOf = (under: Mode) => new Engine({ contour, mode: under, reaction: "log" });
  const counts = { events: 0, attempts: 0, novel: 0 };
  const made = (engine: Engine) => new ModelMediator({ engine, policy: DEFAULT_POLICY, launch: LAUNCH, counts });
  const [one, other] = [process(1), process(2)];
  const does = (by: ModelMediator, actor: ActingProcess, path: string) => {
    const key = { bytes: Buffer.from(path.padEnd(16)), length: 16 };
    const verdict = by.repeated(key, actor) ?? by.decide(list(path), { tid: actor.pid, process: actor }, ACTOR, key);
    return { verdict, lasts: by.wasLasting };
  };
  const learning = made(engineOf("learn"));
  learning.born(one);
  does(learning, one, "/etc");
  const engine = engineOf(mode);
  const by = made(engine);
  for (const each of [one, other]) by.born(each);
  return { engine, one, other, does: (actor: ActingProcess, path: string) => does(by, actor, path) };
}

it("while watching, a departure is decided each time, and costs each process that repeats it its trust", () => {
  const { engine, one, other, does } = mediator("watch");
  expect(does(one, "/etc")).toEqual({ verdict: 0, lasts: true });
  expect(does(one, "/var")).toEqual({ verdict: 0, lasts: false });
  expect(engine.trust.isTrusted(other.handle)).toBe(true);
  expect(does(other, "/var")).toEqual({ verdict: 0, lasts: false });
  expect([engine.trust.everUntrusted, engine.tally.off]).toEqual([2, 2]);
});

it("while enforcing, a departure is refused for good", () => {
  const { one, does } = mediator("enforce");
  expect(does(one, "/etc")).toEqual({ verdict: 0, lasts: true });
  expect(does(one, "/var")).toEqual({ verdict: 1, lasts: true });
});

it("the sensor signals a process that is to be killed or stopped: only it can tell whether the pid is still its own", () => {
  const reactions = [
    ["kill", 9],
    ["freeze", 19],
  ] as const;
  for (const [reaction, signal] of reactions) {
    const contour = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
    const engine = new Engine({ contour, mode: "watch", reaction });
    const counts = { events: 0, attempts: 0, novel: 0 };
    const by = new ModelMediator({ engine, policy: DEFAULT_POLICY, launch: LAUNCH, counts });
    const signalled: unknown[] = [];
    const note = (...of: unknown[]) => void signalled.push(of);
    by.findProcessesWith({ ...NOWHERE, signal: note });
    const departs = process(1);
    by.born(departs);
    by.decide(list("/var"), { tid: departs.pid, process: departs }, ACTOR, undefined);
    expect(signalled).toEqual([[departs, signal]]);
  }
});

it("where a person is asked, a call that is refused anyway is a departure at once, and no question", () => {
  const contour = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
  const engine = new Engine({ contour, mode: "watch", reaction: "log", asks: true });
  const questions: string[] = [];
  const asking = new Asking({
    most: 1,
    onQuestion: ({ event }) => questions.push(event.op),
    onWithdrawn: () => undefined,
    onOverflow: () => undefined,
    onAlong: () => undefined,
  });
  const counts = { events: 0, attempts: 0, novel: 0 };
  const by = new ModelMediator({ engine, policy: DEFAULT_POLICY, launch: LAUNCH, counts, asking });
  const actor = process(1);
  by.born(actor);
  const decides = (act: Act) => {
    asking.begin();
    const verdict = by.decide(act, { tid: actor.pid, process: actor }, ACTOR, undefined);
    if (verdict === HELD) asking.hold({ answers: new Map(), stillWaits: () => true, again: () => undefined });
    return verdict;
  };
  expect(decides(refusedAnyway({ op: "iouring", subject: {} }))).toBe(1);
  expect(decides(refusedAnyway({ op: "abi", subject: { arch: "i386", number: 20 } }))).toBe(1);
  expect(engine.forensics.departures.map(({ event, count, refused }) => [event.op, count, refused])).toEqual([
    ["iouring", 1, 1],
    ["abi", 1, 1],
  ]);
  expect([engine.tally.events, engine.tally.off, engine.tally.refused, counts.events]).toEqual([2, 2, 2, 2]);
  // The person has refused nothing, so the process is asked about what comes next.
  expect(engine.trust.isTrusted(actor.handle)).toBe(true);
  expect(decides(list("/etc"))).toBe(HELD);
  expect(questions).toEqual(["open"]);
});
