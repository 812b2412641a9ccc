/**
 * How often nodes send evidence: as the configuration says, or more seldom where more would be due than this verifier can judge. Without
 * that, evidence waits until its challenge has run out and its node is stale, which costs more than judging it. Each node is told with
 * its answer.
 *
 *   needs  = nodes × processor time of one evidence / due        what a tenant's nodes take of the event loop
 *   gets   = an equal share of BUSY, and what others leave       (max-min fair, so that no tenant is slowed down for another);
 *            of less than BUSY while the event loop has other things to do
 *   told   = due × needs / gets, from `due` to `dueAtMost`
 *
 * Processor time is counted as time of the event loop, so a machine that is busy with other things counts as a slower one.
 */

export interface Timing {
  /** Seconds from one evidence to the next. */
  readonly due: number;
  /** The most seconds, where more evidence is due than can be judged. */
  readonly dueAtMost: number;
  /** Seconds without evidence after which a node is stale that sends it each `due` seconds, and that a challenge is valid for. */
  readonly stale: number;
}

/** The part of the event loop that judging may take in the long run: the rest is for people, for bursts, and for the database. */
const BUSY = 0.75;
/** However much else there is to do, this part is for judging: a flood of what is refused makes no node slower than that. */
const LEAST_BUSY = 0.25;
/** So many times its turns evidence takes at most, with TLS and the like. What else the event loop does is for other things. */
const WITH_ALL = 2;
/** From one look to the next, what was seen before counts for so much less. */
const KEPT = 0.7;
/** So little of what was judged is as good as nothing. */
const FORGOTTEN = 0.01;
/** For so many seconds after an interval was noted it is told. It is noted anew more often, and an answer may take until it is there. */
const TOLD_SECONDS = 30;
export const NOTED_LONGER_SECONDS = 60;
/** An operator is told of an interval that is so many times as long as the one that is configured. */
const WORTH_SAYING = 1.2;

/** What has been spent since the last look. */
export interface Spent {
  /** Milliseconds for which the event loop had work. */
  readonly active: number;
  /** Milliseconds since the last look. */
  readonly passed: number;
  /** Milliseconds of turns, by tenant. */
  readonly turns: ReadonlyMap<string, number>;
  /** Nodes that are watched and not stale, by tenant. */
  readonly nodes: ReadonlyMap<string, number>;
}

interface Tenant {
  /** Milliseconds of the event loop, and evidence that was judged; both fade. */
  work: number;
  judged: number;
  /** Since the last look. */
  judgedNow: number;
  due: number;
}

export class Pace {
  readonly timing: Timing;
  readonly #say: (line: string) => void;
  readonly #tenants = new Map<string, Tenant>();
  /** What any verifier of this database has told a node, lately. */
  #told: number;
  /** The longest that may be told here, and until when, by the clock of `performance.now()`. */
  #noted = { seconds: 0, until: 0 };
  /** The slowest that an operator was told of. */
  #said: number;

  /** `noted` is told of changes that an operator should know. */
  constructor(timing: Timing, noted: (line: string) => void = () => {}) {
    this.timing = timing;
    this.#told = timing.due;
    this.#said = timing.due;
    this.#say = noted;
  }

  /**
   * Seconds until the next evidence of a node of this tenant: no more than the database has, so that a verifier which takes the node over
   * knows of it, however soon this one ends.
   */
  due(tenant: string, now = performance.now()): number {
    const { due } = this.timing;
    const most = now < this.#noted.until ? Math.max(due, this.#noted.seconds) : due;
    return Math.min(most, this.#tenants.get(tenant)?.due ?? due);
  }

  /** So many seconds are noted in the database, as it was asked for at a time of the clock of `performance.now()`. */
  noted(seconds: number, asked: number): void {
    this.#noted = { seconds, until: asked + TOLD_SECONDS * 1000 };
  }

  /** The most that any tenant is to be told here, once it is noted. */
  get slowest(): number {
    return Math.max(this.timing.due, ...[...this.#tenants.values()].map(({ due }) => due));
  }

  /** Seconds until the next evidence of a node that this verifier has told nothing: the most that any verifier told, lately. */
  get presumed(): number {
    return this.#told;
  }

  /** What verifiers of this database have told, where that is more than what is configured. */
  heard(seconds: number): void {
    this.#told = Math.max(this.timing.due, seconds);
  }

  /** Seconds without evidence after which a node is stale that was told to send it after so many. */
  patience(due: number): number {
    return (this.timing.stale * due) / this.timing.due;
  }

  judged(tenant: string): void {
    const known = this.#tenants.get(tenant) ?? { work: 0, judged: 0, judgedNow: 0, due: this.timing.due };
    this.#tenants.set(tenant, known);
    known.judgedNow++;
  }

  /** To be called every some seconds. */
  look({ active, passed, turns, nodes }: Spent): void {
    if (passed <= 0) return;
    const all = [...turns.values()].reduce((sum, ms) => sum + ms, 0);
    const whole = Math.min(WITH_ALL, all > 0 ? active / all : WITH_ALL);
    const busy = Math.max(LEAST_BUSY, BUSY - Math.max(0, active - all * whole) / passed);
    // Also those of whose nodes nothing was judged: they bring contours, departures, and what is refused.
    const needs = new Map([...turns].map(([name, ms]) => [name, (ms * whole) / passed]));
    for (const [name, tenant] of this.#tenants) {
      const work = (turns.get(name) ?? 0) * whole;
      tenant.work = tenant.work * KEPT + work;
      tenant.judged = tenant.judged * KEPT + tenant.judgedNow;
      tenant.judgedNow = 0;
      // One whose nodes send more than they are asked for leaves less to others.
      needs.set(name, Math.max(this.#steady(tenant, nodes.get(name) ?? 0), work / passed));
    }
    const gets = sharedOut(needs, busy);
    const { due, dueAtMost } = this.timing;
    for (const [name, tenant] of this.#tenants) {
      const steady = this.#steady(tenant, nodes.get(name) ?? 0);
      const share = gets.get(name) ?? busy;
      // One that needs nothing gets nothing, and has enough.
      tenant.due = steady > share ? Math.min(dueAtMost, Math.ceil((due * steady) / share)) : due;
      if (tenant.judged < FORGOTTEN && !nodes.has(name)) this.#tenants.delete(name);
    }
    this.#saySlowest();
  }

  /** Not for each step, and not for a trifle. */
  #saySlowest(): void {
    const { due, dueAtMost } = this.timing;
    const { slowest } = this;
    if (slowest > Math.max(due * WORTH_SAYING, this.#said * 2 - due)) {
      this.#said = slowest;
      this.#say(
        `more evidence is due than this verifier can judge: nodes are asked for it each ${slowest} seconds, not ${due}, and each ` +
          `${dueAtMost} at most; have more processors or verifiers, or a longer due (docs/verifier.md)`,
      );
    } else if (slowest === due && this.#said > due) {
      this.#said = due;
      this.#say(`all evidence that is due can be judged: nodes are asked for it each ${due} seconds again`);
    }
  }

  /** The part of the event loop that so many nodes would take at the interval that is configured. */
  #steady({ work, judged }: Tenant, nodes: number): number {
    return judged >= FORGOTTEN ? (nodes * work) / judged / (this.timing.due * 1000) : 0;
  }
}

/** Gives each what it needs, and where that is more than there is, the same to all that need more than that. */
export function sharedOut(needs: ReadonlyMap<string, number>, most: number): ReadonlyMap<string, number> {
  const gets = new Map<string, number>();
  let left = most;
  let waiting = needs.size;
  for (const [name, need] of [...needs].toSorted(([, one], [, other]) => one - other)) {
    const got = Math.min(need, left / waiting);
    gets.set(name, got);
    left -= got;
    waiting--;
  }
  return gets;
}
