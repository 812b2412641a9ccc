/** A namespace for tests: it answers as a real one would, and records the requests. */
import { ZERO_DIGEST } from "@isoline/core/digest";
import type { CountedSnapshot, LiveEvent } from "../../packages/isoline/src/namespace/live.ts";
import { answersWithoutIntegrity } from "../../packages/isoline/src/namespace/integrity-unasked.ts";
import { type Answers, type Ask, answered, type Request } from "../../packages/isoline/src/namespace/requests.ts";
import type { Subject } from "../../packages/isoline/src/control/server.ts";

export class FakeNamespace implements Subject {
  readonly name: string | undefined;
  readonly command = "sh -c 'sleep 1'";
  readonly contour = "app.contour";
  readonly pid = 4242;
  readonly asked: Request[] = [];
  readonly followers = new Set<(event: LiveEvent) => void>();
  mode: CountedSnapshot["mode"] = "learn";
  incomplete: CountedSnapshot["incomplete"] = [];
  over = false;
  /** Makes it stop answering. */
  stuck = false;

  constructor(name?: string) {
    this.name = name;
  }

  ask: Ask = async (request) => {
    this.asked.push(request);
    if (this.stuck) return new Promise(() => {});
    return this.over ? undefined : answered(this.#answers, request);
  };

  readonly #answers: Answers = {
    snapshot: () => this.#snapshot(),
    seal: () => {
      this.mode = "watch";
      return this.#snapshot();
    },
    trust: ({ pid: asked }) => processes.filter(({ pid }) => asked === undefined || asked === pid),
    member: ({ pid: asked }) => processes.some(({ pid }) => asked === pid),
    "own-member": ({ pid: asked }) => processes.some(({ pid }) => asked === pid),
    departures: () => [],
    recount: () => [],
    checkpoint: () => false,
    "look-for-end": () => false,
    contour: () => ({
      profile: "iso1",
      policy: "0".repeat(64),
      points: 7,
      state: "0".repeat(64),
      measurement: "0".repeat(64),
    }),
    "contour-text": () => "",
    attest: ({ binds }) => ({
      mode: this.mode,
      sensor: "seccomp",
      landlock: false,
      profile: "iso1",
      contour: null,
      state: ZERO_DIGEST,
      measurement: ZERO_DIGEST,
      points: 7,
      bound: binds?.challenge ?? null,
      counters: { events: 0, departures: 0, refused: 0, lost: 0, untrusted: 0 },
      incomplete: [],
      register: null,
    }),
    follow: () => true,
    join: () => true,
    signal: () => 0,
    abandon: () => true,
    settle: () => ({ settled: true }),
    "sweep-questions": () => true,
    amend: () => ({ points: 7, added: 0, permitted: 0, untilRestart: [] }),
    standstill: () => true,
    keep: () => true,
    "looked-up": () => true,
    ...answersWithoutIntegrity,
  };

  follow = async (follower: (event: LiveEvent) => void): Promise<() => Promise<void>> => {
    this.followers.add(follower);
    return async () => {
      this.followers.delete(follower);
    };
  };

  happen(sequence: number, act = "open access=read path=/etc/hosts"): void {
    const decided = { verdict: "on", refused: false, novel: true, consequence: "read" } as const;
    const event: LiveEvent = { sequence, pid: 7, chain: ["sh"], act, ...decided };
    for (const follower of this.followers) follower(event);
  }

  #snapshot(): CountedSnapshot {
    const counts = { events: 10, points: 7, novel: 7, attempts: 0, off: 0, refused: 0 };
    return {
      mode: this.mode,
      ...counts,
      processes: processes.length,
      ...{ untrusted: 1, everUntrusted: 3, departures: 0 },
      incomplete: this.incomplete,
    };
  }
}

const processes = [
  { pid: 4242, chain: ["sh"], trusted: true },
  { pid: 4243, chain: ["sh", "\x1b[2Jcurl"], trusted: false, cause: "connected to tcp 203.0.113.7:443" },
];
