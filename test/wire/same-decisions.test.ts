/** An engine behind a wire decides exactly as one beside the sensor, and neither end of a wire can harm the other. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Contour, parseContour } from "@isoline/core/contour";
import { type Circumstances, Engine, type EnginePort, type Judgement, type Mode } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import type { Event } from "@isoline/core/event";
import { canonicalPolicy, DEFAULT_POLICY, type Policy, type Task } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { ServedNamespace } from "../../packages/isoline/src/engine/served-namespace.ts";
import { OwnModel } from "../../packages/isoline/src/namespace/own-model.ts";
import type { QuestionName } from "../../packages/isoline/src/wire/messages.ts";
import { answerIn, readAnswer } from "../../packages/isoline/src/wire/read-answer.ts";
import { readTold } from "../../packages/isoline/src/wire/read-told.ts";
import { textOf } from "../arbitrary/contour.ts";
import { arbitraryBehaviour } from "../arbitrary/event.ts";
import { isCI } from "../support/machine.ts";
import { type Begins, type BothEnds, bothEnds, topicOf } from "./both-ends.ts";

const modes: readonly Mode[] = ["learn", "watch", "enforce"];
const reactions: readonly Policy["reaction"][] = ["log", "deny", "deny-all", "freeze", "kill"];
/** Verdicts from this on are off contour. */
const OFF = 0x8000_0000;
const runs = (many: number) => ({ numRuns: isCI ? many * 20 : many });

interface Step {
  readonly does:
    | "judge"
    | "judge-kept"
    | "repeat"
    | "unseen"
    | "born"
    | "died"
    | "distrust"
    | "loss"
    | "gap"
    | "is-on"
    | "seal";
  readonly which: number;
  readonly process: number;
}

const arbitrarySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    does: fc.constantFrom<Step["does"]>(
      ...(["judge", "judge", "judge", "judge-kept", "repeat", "repeat", "unseen"] as const),
      ...(["born", "died", "distrust", "loss", "gap", "is-on", "seal"] as const),
    ),
    which: fc.nat(40),
    process: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 40 },
);

const arbitraryStory = fc.record({
  behaviour: arbitraryBehaviour,
  learnt: fc.nat(20),
  mode: fc.constantFrom(...modes),
  reaction: fc.constantFrom(...reactions),
  steps: arbitrarySteps,
});

type Story = typeof arbitraryStory extends fc.Arbitrary<infer T> ? T : never;

/** A contour with the first events of a story, made anew for each engine, as it comes from a file; empty where it is learnt. */
function beginning({ behaviour, learnt, mode, reaction }: Story): Begins {
  const policy = { ...DEFAULT_POLICY, reaction };
  const contour = Contour.create({ profile: iso1, policy: canonicalPolicy(policy) });
  if (mode === "learn") return { contour, policy, mode, isNew: true };
  for (const task of behaviour.tasks) contour.defineTask(task);
  for (const event of behaviour.events.slice(0, learnt)) contour.add(event);
  return { contour: parseContour(textOf(contour), { profile: iso1 }), policy, mode, isNew: false };
}

/** What a story leads to under an engine: every verdict in its order. */
function played(engine: EnginePort, { behaviour: { tasks, events }, steps }: Story): readonly unknown[] {
  const knowns: number[] = [];
  let sequence = 0;
  engine.trust.born(1, 0);
  return steps.map(({ does, which, process }) => {
    const event = events[which % Math.max(1, events.length)];
    const known = knowns[which % Math.max(1, knowns.length)];
    switch (does) {
      case "judge":
      case "judge-kept": {
        if (event === undefined) return undefined;
        const judgement = engine.judge(event, seen(event, tasks, ++sequence, process, does === "judge-kept"));
        if (judgement.known !== 0) knowns.push(judgement.known);
        return told(judgement);
      }
      case "repeat":
        return known === undefined ? undefined : told(engine.repeat(known, process, ++sequence, which + 1));
      case "unseen":
        return known === undefined || known >= OFF ? undefined : engine.repeatUnseen(known, which + 1);
      case "born":
        return engine.trust.born(process, which % 6);
      case "died":
        return engine.trust.died(process);
      case "distrust":
        return engine.trust.distrust(process, { reason: "sensor", what: "it runs another file" });
      case "loss":
        return engine.loss("lost", which + 1, which % 2 === 0 ? process : undefined);
      case "gap":
        return engine.gap("unobserved", which + 1);
      case "is-on":
        return event === undefined ? undefined : engine.isOn(event);
      case "seal":
        return engine.seal();
    }
  });
}

function seen(event: Event, tasks: readonly Task[], sequence: number, process: number, isKept: boolean): Circumstances {
  const task = tasks.find(({ id }) => id === event.actor.task);
  return {
    sequence,
    process,
    pid: 1000 + process,
    chain: ["sh", "a name\u001b[2J"],
    ...(task ? { task } : {}),
    ...(isKept ? { isKept: true } : {}),
    content: [{ what: "written", path: "/bin/a" }],
  };
}

const told = ({ verdict, refuse, known, reaction, departure }: Judgement) => ({
  verdict,
  refuse,
  known,
  reaction,
  point: departure?.point,
});

/** Trust, departures and counters at the end. */
function leftBehind({ tally, trust, losses, forensics, mode }: EnginePort) {
  return {
    tally: { ...tally },
    trust: [1, 2, 3, 4, 5].map((process) => trust.isTrusted(process)),
    untrusted: trust.everUntrusted,
    losses: [...losses],
    departures: forensics.departures.map(({ point, count, refused, introduces }) => [
      point,
      count,
      refused,
      introduces?.id,
    ]),
    overflow: forensics.overflow,
    mode,
  };
}

describe("behind a wire", () => {
  it("every verdict, the trust of each process and every counter are those of an engine beside the sensor", () => {
    fc.assert(
      fc.property(arbitraryStory, (story) => {
        const { contour, policy, mode } = beginning(story);
        const beside = new Engine({ contour, mode, reaction: policy.reaction });
        const ends = bothEnds(beginning(story));
        expect(played(ends.engine, story)).toEqual(played(beside, story));
        expect(ends.lost).toBeUndefined();
        expect(leftBehind(ends.engine)).toEqual(leftBehind(beside));
        const facts = ends.asker.ask({ ask: "facts" });
        expect(facts).toMatchObject({
          tally: { ...beside.tally },
          state: contour.state(),
          measurement: contour.measurement(),
        });
      }),
      runs(60),
    );
  });

  it("explanations are the same", () => {
    fc.assert(
      fc.property(arbitraryStory, (story) => {
        const own = new OwnModel(beginning(story));
        const ends = bothEnds(beginning(story));
        played(own.engine, story);
        played(ends.engine, story);
        const answer = ends.asker.ask({ ask: "departures", from: 0 });
        expect(answer?.departures).toEqual(JSON.parse(JSON.stringify(own.explained(0, 100))));
      }),
      runs(15),
    );
  });
});

let recording: Recording | undefined;

interface Recording {
  readonly begins: () => Begins;
  readonly ends: BothEnds;
}

/** Some frames of a session, and where it begins. */
function recorded(): Recording {
  recording ??= record();
  return recording;
}

function record(): Recording {
  const behaviours = fc.sample(arbitraryBehaviour, { numRuns: 60, seed: 13 });
  const [behaviour] = behaviours.toSorted((one, other) => other.events.length - one.events.length);
  const does = ["judge", "born", "judge", "repeat", "unseen", "judge-kept", "distrust", "loss", "is-on"] as const;
  const steps = Array.from({ length: 24 }, (_, at): Step => {
    return { does: does[at % does.length] as Step["does"], which: at, process: (at % 3) + 1 };
  });
  const story: Story = {
    behaviour: behaviour as Story["behaviour"],
    learnt: 2,
    mode: "watch",
    reaction: "deny",
    steps,
  };
  const begins = () => beginning(story);
  const ends = bothEnds(begins());
  played(ends.engine, story);
  ends.asker.ask({ ask: "departures", from: 0 });
  ends.asker.ask({ ask: "contour", from: 0 });
  ends.asker.ask({ ask: "occurrences", from: 0 });
  ends.asker.ask({ ask: "portable", binds: null });
  return { begins, ends };
}

/** A frame cut at each place, and with bits flipped. */
function* mangled(frame: Buffer, step: number): Generator<Buffer> {
  for (let cut = 0; cut < frame.length; cut += step) yield frame.subarray(0, cut);
  for (let bit = 0; bit < frame.length * 8; bit += step) {
    const copy = Buffer.from(frame);
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    yield copy;
  }
}

/** What an end makes of hostile bytes: it takes them or refuses them, and never fails in another way. */
function outcomeOf(take: () => unknown): string {
  try {
    take();
    return "taken";
  } catch (fault) {
    return fault instanceof IsolineError ? `refused: ${fault.code}` : `failed: ${String(fault)}`;
  }
}

describe("a hostile sensor", () => {
  it("is taken at its word or refused, whatever it sends, and at whatever moment", () => {
    const { begins, ends } = recorded();
    const outcomes = new Map<string, number>();
    for (const [at, frame] of ends.told.entries())
      for (const hostile of mangled(frame, isCI ? 17 : 331)) {
        const served = new ServedNamespace(topicOf(begins()));
        const outcome = outcomeOf(() => {
          for (const before of ends.told.slice(0, at)) served.hear(readTold(before));
          served.hear(readTold(hostile));
        });
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    expect([...outcomes.keys()].filter((outcome) => outcome.startsWith("failed"))).toEqual([]);
    expect(outcomes.get("refused: engine-refused")).toBeGreaterThan(50);
  });

  const note = (...words: readonly unknown[]) => Buffer.from(JSON.stringify({ notes: [words] }));
  const question = (asked: object) => Buffer.from(JSON.stringify({ notes: [], question: asked }));
  const [ID] = fc.sample(arbitraryBehaviour, { numRuns: 1, seed: 1 }).flatMap(({ tasks }) => tasks);
  const seenBy = { sequence: 1, process: 1, pid: 1, chain: [] };

  it.each([
    ["a verdict that was not given", note("repeat", 0x8000_0005, 1, 1, 1)],
    ["a point that there is not", note("unseen", 4_000_000, 1)],
    ["a departure of no process", note("unseen", OFF + 0x7fff_ffff, 1)],
    ["a count of less than nothing", note("unseen", 1, -1)],
    ["a process that is no number", note("born", "1", 0)],
    ["a note that there is not", note("trusted", 1)],
    ["a second namespace", question({ ask: "open", mode: "learn", policy: "{}", bytes: 0 })],
    ["a further piece of its contour", question({ ask: "piece", content: "AAAA" })],
    ["a second beginning", question({ ask: "begin" })],
    ["a task that it did not tell", question({ ask: "judge", event: "", seen: { ...seenBy, task: "ab".repeat(32) } })],
    [
      "a task whose id is another's",
      question({ ask: "judge", event: "", seen: { ...seenBy, introduces: { ...ID, id: "ab".repeat(32) } } }),
    ],
    ["an index that is no number", question({ ask: "departures", from: 1e300 })],
    ["a piece of a contour that was not asked for", question({ ask: "contour", from: 7 })],
    ["lists in lists in lists", Buffer.from("[".repeat(500_000))],
    ["a name that every object has", question({ ask: "__proto__" })],
    ["a function that every object has", question({ ask: "constructor" })],
  ])("is refused that tells of %s", (_, hostile) => {
    const { begins, ends } = recorded();
    const served = new ServedNamespace(topicOf(begins()));
    for (const before of ends.told.slice(0, 3)) served.hear(readTold(before));
    expect(outcomeOf(() => served.hear(readTold(hostile)))).toBe("refused: engine-refused");
  });

  it("cannot begin with another contour than the one that it proved itself for", () => {
    const { begins, ends } = recorded();
    const served = new ServedNamespace({ ...topicOf(begins()), contour: Buffer.alloc(32, 9) });
    expect(outcomeOf(() => ends.told.slice(0, 3).forEach((frame) => served.hear(readTold(frame))))).toBe(
      "refused: engine-refused",
    );
  });

  it("loses an event that cannot be read, and the namespace goes on", () => {
    const { begins, ends } = recorded();
    const served = new ServedNamespace(topicOf(begins()));
    for (const before of ends.told.slice(0, 3)) served.hear(readTold(before));
    const answer = served.hear(readTold(question({ ask: "judge", event: "AAAA", seen: seenBy })));
    expect(answer).toMatchObject({ verdict: "lost", code: "bad-event" });
    expect(served.hear(readTold(question({ ask: "facts" })))).toMatchObject({ tally: { events: 1 } });
  });
});

describe("a hostile engine", () => {
  const names: Readonly<Record<string, QuestionName>> = {
    tally: "facts",
    verdict: "judge",
    isOn: "is-on",
    departures: "departures",
    content: "contour",
    counts: "occurrences",
    bound: "portable",
  };

  it("is read or refused, whatever it answers", () => {
    const { ends } = recorded();
    const outcomes = new Set<string>();
    for (const frame of ends.answered) {
      const { answer } = JSON.parse(frame.toString()) as { answer: object };
      const name = Object.entries(names).find(([member]) => member in answer)?.[1] ?? "begin";
      for (const hostile of mangled(frame, isCI ? 1 : 23))
        outcomes.add(outcomeOf(() => readAnswer(name, answerIn(hostile))));
    }
    expect([...outcomes].filter((outcome) => outcome !== "taken" && outcome !== "refused: engine-refused")).toEqual([]);
    expect(outcomes).toContain("refused: engine-refused");
  });

  /** Of a story, with a hostile engine: how often something new and off contour was let through. */
  const lets = (story: Story, tamper: (answer: { [name: string]: unknown }) => object): number => {
    const { contour } = beginning(story);
    const ends = bothEnds(beginning(story));
    ends.tamper = (frame) => Buffer.from(JSON.stringify({ answer: tamper(JSON.parse(frame.toString()).answer) }));
    const { events } = story.behaviour;
    return events.filter((event, index) => {
      const { refuse, verdict } = ends.engine.judge(event, seen(event, story.behaviour.tasks, index + 1, 1, false));
      return contour.indexOf(event) < 0 && !refuse && verdict !== "on";
    }).length;
  };

  it.each([
    ["says that nothing is refused", (answer: object) => ({ ...answer, refuse: false })],
    ["says that it is lost", (answer: object) => ({ ...answer, verdict: "lost", refuse: false })],
    [
      "gives numbers that it did not give before",
      (answer: object) => ({ ...answer, known: 0x8000_0100, refuse: false }),
    ],
    ["leaves everything out", () => ({})],
    ["answers with a list", () => []],
  ])("that %s lets nothing through that is off contour when enforcing", (_, tamper) => {
    fc.assert(
      fc.property(arbitraryStory, (story) => {
        expect(lets({ ...story, mode: "enforce" }, tamper)).toBe(0);
      }),
      runs(10),
    );
  });

  it("cannot move a cursor with what it says", () => {
    const why = { consequence: "read", why: "all is well\u001b[2J\rno departures" };
    expect(outcomeOf(() => readAnswer("explain", why))).toBe("refused: engine-refused");
    expect(outcomeOf(() => answerIn(Buffer.from(JSON.stringify({ refused: "\u202egnihton" }))))).toBe(
      "refused: engine-refused",
    );
  });
});
