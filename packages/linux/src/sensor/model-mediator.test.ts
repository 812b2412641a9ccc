import { Contour } from "@isoline/core/contour";
import { ZERO_DIGEST } from "@isoline/core/digest";
import { Engine, type Mode } from "@isoline/core/engine";
import type { Actor } from "@isoline/core/event";
import { canonicalPolicy, DEFAULT_POLICY } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { expect, it } from "vitest";
import type { ActingProcess } from "./acting.ts";
import type { Act } from "./mediation.ts";
import { ModelMediator } from "./model-mediator.ts";

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
