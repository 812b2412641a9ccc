import { type Contour, parseContour, writeContour } from "@isoline/core/contour";
import { type Circumstances, Engine, type Mode, type Reaction, SUPERVISOR } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { encodeEvent, type Event, MAX_EVENT_BYTES } from "@isoline/core/event";
import { describe, expect, test } from "vitest";
import { deriveTask } from "@isoline/core/identity";
import { by, connects, emptyContour, image, learnt, node, opens, sh } from "./workload.ts";

const npmrc = opens(node, "$HOME/.npmrc");
const key = opens(node, "$HOME/.ssh/id_ed25519");

/** An engine whose process 1 was launched by the supervisor. */
function engineOf(mode: Mode, reaction: Reaction = "log", contour: Contour = learnt(npmrc)): Engine {
  const engine = new Engine({ contour, mode, reaction });
  engine.trust.born(1, SUPERVISOR);
  return engine;
}

/** The part of a sensor: it judges a new event, and repeats a known one, under one raw key for each event. */
function sensor(engine: Engine) {
  const known = new Map<Event, number>();
  return (event: Event, circumstances: Circumstances) => {
    const verdict = known.get(event);
    if (verdict !== undefined) return engine.repeat(verdict, circumstances.process, circumstances.sequence);
    const judgement = engine.judge(event, circumstances);
    if (judgement.known !== 0) known.set(event, judgement.known);
    return judgement;
  };
}

describe("learn, seal, watch, enforce", () => {
  test("the life of a contour", () => {
    const contour = emptyContour();
    const engine = engineOf("learn", "log", contour);
    const happens = sensor(engine);
    for (const event of [npmrc, npmrc, connects(node, "127.0.0.1:5432"), npmrc]) {
      expect(happens(event, by(1))).toMatchObject({ verdict: "on", refuse: false });
    }
    expect(contour.size).toBe(2);
    expect(contour.occurrences(0)).toBe(3);
    expect(engine.tally).toEqual({ events: 4, novel: 2, off: 0, refused: 0 });

    engine.seal();
    expect(engine.mode).toBe("watch");
    expect(contour.sealed).toBe(true);
    expect(happens(npmrc, by(1)).verdict).toBe("on");
    expect(happens(key, by(1))).toMatchObject({ verdict: "off", refuse: false });
    expect(contour.size).toBe(2);
    expect(engine.trust.trustOf(1)).toMatchObject({
      trusted: false,
      cause: { reason: "off-contour", what: "opened $HOME/.ssh/id_ed25519 for reading" },
    });

    engine.enforce();
    expect(happens(key, by(1))).toMatchObject({ verdict: "off", refuse: true });
    expect(happens(npmrc, by(1))).toMatchObject({ verdict: "on", refuse: false });
    expect(engine.forensics.departures).toMatchObject([{ event: key, count: 2, refused: 1 }]);
  });

  test("sealed and enforcing are never undone", () => {
    const engine = engineOf("enforce");
    engine.seal();
    expect(engine.mode).toBe("enforce");
    expect(() => new Engine({ contour: learnt(npmrc), mode: "learn", reaction: "log" })).toThrow(IsolineError);
  });

  test("watching or enforcing seals the contour", () => {
    const contour = emptyContour();
    const engine = engineOf("watch", "log", contour);
    expect(contour.sealed).toBe(true);
    expect(engine.judge(npmrc, by(1)).verdict).toBe("off");
    expect(contour.size).toBe(0);
  });

  test("a departure is stored once, with its point, its first circumstances and its count", () => {
    const engine = engineOf("watch");
    const happens = sensor(engine);
    const first = by(1);
    happens(key, first);
    const again = happens(key, by(1));
    expect(engine.forensics.departures).toHaveLength(1);
    const [departure] = engine.forensics.departures;
    expect(departure).toMatchObject({ event: key, first, count: 2, refused: 0 });
    expect(departure?.point).toBe(emptyContour().add(key).point);
    expect(again.departure).toBe(departure);
    expect(engine.judge(key, by(1)).departure?.count).toBe(3);
  });

  test("several events of one kind can be counted at once", () => {
    const contour = emptyContour();
    const engine = engineOf("learn", "log", contour);
    const { known } = engine.judge(npmrc, by(1));
    engine.repeat(known, 1, 2, 500);
    expect(contour.occurrences(0)).toBe(501);
    expect(engine.tally.events).toBe(501);
  });
});

describe("the room for departures", () => {
  const judged = (maxBytes: number, circumstances: object) => {
    const engine = new Engine({ contour: learnt(npmrc), mode: "watch", reaction: "log", limits: { maxBytes } });
    engine.trust.born(1, SUPERVISOR);
    const paths = ["/1", "/2", "/3", "/4"];
    for (const path of paths) engine.judge(opens(node, path), { ...by(1), ...circumstances });
    const { departures, overflow } = engine.forensics;
    return [departures.length, overflow];
  };
  const long = "x".repeat(10_000);

  test("is that of remarks on content as well, and what has none is counted", () => {
    expect(judged(24_000, {})).toEqual([4, 0]);
    expect(judged(24_000, { content: [{ what: "changed", path: long }] })).toEqual([2, 2]);
  });

  test("is that of a task's texts, which are kept once", () => {
    const task = deriveTask(sh.id, [image("/usr/bin/node")], { runs: [long] });
    expect(judged(12_000, { task })).toEqual([4, 0]);
    expect(judged(9000, { task })).toEqual([0, 4]);
  });
});

describe("losses", () => {
  test("are all counted, by so many reasons as can be told apart", () => {
    const engine = engineOf("watch");
    const told: string[] = [];
    engine.onGap = (reason) => told.push(reason);
    for (let number = 0; number < 1000; number++) engine.gap(`reason ${number}`, 2);
    engine.gap("reason 7", 3);
    expect(engine.losses.size).toBeLessThan(300);
    expect([engine.losses.get("reason 7"), told.length]).toEqual([5, 1001]);
    expect([...engine.losses.values()].reduce((sum, count) => sum + count, 0)).toBe(2003);
    expect([...engine.losses.keys()].at(-1)).toMatch(/further reasons/);
  });

  test("reach a listener in their own words, by which it may know one of its own", () => {
    const engine = engineOf("watch");
    for (let number = 0; number < 1000; number++) engine.gap(`reason ${number}`);
    const told: string[] = [];
    engine.onGap = (reason) => told.push(reason);
    engine.gap("the TPM took no record");
    expect(told).toEqual(["the TPM took no record"]);
  });
});

describe("an untrusted process", () => {
  test("makes its children untrusted", () => {
    const engine = engineOf("watch", "deny");
    engine.trust.born(2, 1);
    engine.judge(key, by(1));
    engine.trust.born(3, 1);
    expect([2, 3].map((process) => engine.trust.isTrusted(process))).toEqual([true, false]);
    const other = opens(node, "/etc/shadow");
    expect(engine.judge(other, by(3)).refuse).toBe(true);
    expect(engine.judge(other, by(2)).refuse).toBe(false);
  });

  test("adds nothing to a contour, not even a count, while a trusted process still can", () => {
    const contour = emptyContour();
    const engine = engineOf("learn", "kill", contour);
    const { known } = engine.judge(npmrc, by(1));
    engine.trust.born(2, 1);
    engine.trust.distrust(2, { reason: "sensor", what: "made a 32-bit system call" });
    engine.repeat(known, 2, 5);
    expect(contour.occurrences(0)).toBe(1);

    expect(engine.judge(key, by(2))).toMatchObject({ verdict: "off", refuse: false, known: 0 });
    expect(engine.judge(key, by(2)).reaction).toBeUndefined();
    expect(contour.size).toBe(1);
    expect(engine.forensics.departures).toMatchObject([{ event: key, count: 2 }]);

    expect(engine.judge(key, by(1)).verdict).toBe("on");
    expect(contour.size).toBe(2);
  });

  test("stays untrusted if its birth was not seen", () => {
    const contour = emptyContour();
    const engine = engineOf("learn", "log", contour);
    expect(engine.judge(npmrc, by(7)).verdict).toBe("off");
    engine.trust.born(7, SUPERVISOR);
    expect(engine.judge(npmrc, by(7)).verdict).toBe("off");
    expect(contour.size).toBe(0);
  });
});

describe("refusals", () => {
  /** A departure of a trusted process, another one, then an event on the contour; each judged once as new and once as repeated. */
  function refusals(mode: Mode, reaction: Reaction) {
    const engine = engineOf(mode, reaction);
    const happens = sensor(engine);
    const events = [npmrc, key, opens(node, "/etc/shadow"), npmrc, key];
    return events.map((event) => {
      const { refuse, reaction: act } = happens(event, by(1));
      return (refuse ? "refused" : "ahead") + (act ? ` ${act}` : "");
    });
  }

  test.each<[Mode, Reaction, string[]]>([
    ["watch", "log", ["ahead", "ahead", "ahead", "ahead", "ahead"]],
    ["watch", "deny", ["ahead", "ahead", "refused", "ahead", "refused"]],
    ["watch", "deny-all", ["ahead", "ahead", "refused", "refused", "refused"]],
    ["watch", "freeze", ["ahead", "ahead freeze", "ahead freeze", "ahead freeze", "ahead freeze"]],
    ["watch", "kill", ["ahead", "ahead kill", "ahead kill", "ahead kill", "ahead kill"]],
    ["enforce", "log", ["ahead", "refused", "refused", "ahead", "refused"]],
    ["enforce", "deny", ["ahead", "refused", "refused", "ahead", "refused"]],
    ["enforce", "deny-all", ["ahead", "refused", "refused", "refused", "refused"]],
    ["enforce", "freeze", ["ahead", "refused freeze", "refused freeze", "ahead freeze", "refused freeze"]],
    ["enforce", "kill", ["ahead", "refused kill", "refused kill", "ahead kill", "refused kill"]],
  ])("%s, %s", (mode, reaction, expected) => {
    expect(refusals(mode, reaction)).toEqual(expected);
  });
});

describe("loss", () => {
  test("makes what is learnt incomplete, by reason", () => {
    const contour = emptyContour();
    const engine = engineOf("learn", "log", contour);
    expect(engine.loss("ring overflow", 3, 1)).toBe(false);
    expect(engine.loss("ring overflow")).toBe(false);
    expect(contour.incomplete).toEqual(["ring overflow"]);
    expect([...engine.losses]).toEqual([["ring overflow", 4]]);
  });

  test("is refused when enforcing, or for an untrusted process under deny-all", () => {
    expect(engineOf("enforce").loss("path gone", 1, 1)).toBe(true);
    expect(engineOf("watch").loss("path gone", 1, 1)).toBe(false);
    const strict = engineOf("watch", "deny-all");
    expect(strict.loss("path gone", 1, 1)).toBe(false);
    strict.judge(key, by(1));
    expect(strict.loss("path gone", 1, 1)).toBe(true);
  });

  test("does not change the contour that a run was checked against", () => {
    const contour = learnt(npmrc);
    const engine = engineOf("watch", "log", contour);
    engine.loss("ring overflow");
    expect(contour.incomplete).toEqual([]);
    expect(engine.losses.size).toBe(1);
  });

  test.each<[Mode, boolean]>([
    ["learn", false],
    ["watch", false],
    ["enforce", true],
  ])("an invalid event is a loss, not a crash: %s", (mode, refuse) => {
    const engine = engineOf(mode, "log", mode === "learn" ? emptyContour() : learnt(npmrc));
    const monstrous = opens(node, `/${"x".repeat(70_000)}`);
    expect(engine.judge(monstrous, by(1))).toMatchObject({
      verdict: "lost",
      refuse,
      known: 0,
      fault: { code: "bad-event" },
    });
    expect(engine.losses.size).toBe(1);
  });

  test("what is learnt of events of about 64 KiB can be written and read; what is not learnt is a loss", () => {
    const contour = emptyContour();
    const engine = engineOf("learn", "log", contour);
    const longest = MAX_EVENT_BYTES - encodeEvent(opens(node, "")).length;
    const lengths = Array.from({ length: 60 }, (_, more) => longest - 10 + more);
    const verdicts = lengths.map((length) => engine.judge(opens(node, "x".repeat(length)), by(1)).verdict);
    expect(verdicts).toEqual(lengths.map((length) => (length <= longest ? "on" : "lost")));
    expect([...engine.losses.values()]).toEqual([49]);
    expect(parseContour(Buffer.from([...writeContour(contour)].join(""))).size).toBe(11);
  });

  test("an event of an unknown task is a loss while learning", () => {
    const engine = engineOf("learn", "log", emptyContour());
    const { task: _, ...untold } = by(1);
    const stranger = { ...node, id: "f".repeat(64) as typeof node.id };
    expect(engine.judge(opens(stranger, "/x"), untold).verdict).toBe("lost");
    expect(engine.losses.size).toBe(1);
  });
});

test("departures beyond the limit are counted, refused and make their process untrusted all the same", () => {
  const engine = new Engine({ contour: learnt(npmrc), mode: "enforce", reaction: "log", limits: { maxDepartures: 2 } });
  engine.trust.born(1, SUPERVISOR);
  engine.trust.born(2, SUPERVISOR);
  const happens = sensor(engine);
  const paths = ["/a", "/b", "/c", "/d"];
  for (const path of paths) expect(happens(opens(sh, path), by(1, sh)).refuse).toBe(true);
  const extra = opens(sh, "/e");
  expect(happens(extra, by(2, sh))).toMatchObject({ verdict: "off", refuse: true });
  engine.trust.born(3, SUPERVISOR);
  expect(happens(extra, by(3, sh))).toMatchObject({ verdict: "off", refuse: true });
  expect(engine.trust.isTrusted(3)).toBe(false);
  expect(engine.forensics.departures).toHaveLength(2);
  expect(engine.forensics.overflow).toBe(4);
  expect(engine.tally).toMatchObject({ off: 6, refused: 6 });
});

test("long paths of departures cannot fill the memory", () => {
  const engine = new Engine({ contour: learnt(npmrc), mode: "watch", reaction: "log", limits: { maxBytes: 100_000 } });
  engine.trust.born(1, SUPERVISOR);
  for (let index = 0; index < 50; index++) engine.judge(opens(node, `/${index}${"x".repeat(10_000)}`), by(1));
  expect(engine.forensics.departures.length).toBeLessThan(10);
  expect(engine.forensics.departures.length + engine.forensics.overflow).toBe(50);
});
