/** Roots over all verdicts: one for each hour, from the hour of the first statement on. */
import type { SaidOf, Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

const HOUR_MS = 3_600_000;
/** Clocks of the verifiers of one database may differ by so much (docs/spec/log-entries.md). */
const APART_MS = 5 * 60_000;
/** Roots that a clock set back may take back: about 41 days of them. */
const MOST_KEPT = 1000;

/** The last root that counts. */
interface Counted {
  readonly hour: number;
  /** Undefined: none counts yet, and roots are due for the hours after this one. */
  readonly root: string | undefined;
  readonly entry: number;
  /** When it was stated, in milliseconds since 1970. */
  readonly at: number;
}

export class Roots implements Watch {
  /** Their hours ascend. */
  readonly #counted: Counted[] = [];
  /** What stood before those. */
  #before: Counted | undefined;
  /** By the monitor's own clock. */
  readonly #present: number;

  /** `now` is in milliseconds since 1970. */
  constructor(now: number) {
    this.#present = Math.floor(now / HOUR_MS);
  }

  get #last(): Counted | undefined {
    return this.#counted.at(-1) ?? this.#before;
  }

  see(entry: number, statement: Statement): readonly Finding[] {
    const { at } = statement;
    const stated = Math.floor(at / HOUR_MS);
    this.#before ??= { hour: Math.min(stated, this.#present) - 1, root: undefined, entry: 0, at };
    const takenBack = this.#setBack(entry, at);
    return statement.kind === "root" ? [...takenBack, ...this.#stated(entry, statement)] : takenBack;
  }

  #stated(entry: number, { hour, root, at }: SaidOf<"root"> & { readonly at: number }): readonly Finding[] {
    // By the statement's own time as well: the same log must give the same findings when it is read again, and that hour has come by then.
    const stated = Math.floor(at / HOUR_MS);
    if (hour > Math.min(this.#present, stated) + 1) return this.#ahead(entry, hour, stated);
    const last = this.#last;
    // The first may be of the hour before that of the first statement: it is by the database's clock.
    const isFirst = last?.root === undefined && hour === last?.hour;
    if (last !== undefined && hour <= last.hour && !isFirst) return again(entry, hour, root, last);
    const missing = this.#missing(entry, hour - 1);
    this.#counted.push({ hour, root, entry, at });
    if (this.#counted.length > MOST_KEPT) this.#before = this.#counted.shift();
    return missing;
  }

  /**
   * A statement of an earlier time says that the clock ran ahead before it and was set right: roots of hours that had not come count no
   * longer, so that these hours have theirs when they come. That is a finding, or else it would be a way to tell two stories. The next hour
   * is not ahead: the verifier does not state it again.
   */
  #setBack(entry: number, at: number): readonly Finding[] {
    const now = Math.floor(at / HOUR_MS);
    const wasAhead = (one: Counted | undefined) => one !== undefined && one.hour > now + 1 && one.at - at > APART_MS;
    const ahead: Counted[] = [];
    while (wasAhead(this.#counted.at(-1))) ahead.unshift(...this.#counted.splice(-1));
    const before = this.#before;
    if (this.#counted.length === 0 && before !== undefined) {
      if (before.root !== undefined && wasAhead(before)) ahead.unshift(before);
      // Where none counts yet, the first statement was ahead.
      if (wasAhead(before.root === undefined ? { ...before, hour: before.hour + 1 } : before))
        this.#before = { ...before, hour: now - 1, root: undefined };
    }
    return ahead.length === 0 ? [] : [tookBack(entry, now, ahead)];
  }

  /** What is missing now. The root of an hour is due when that hour is over. */
  overdue(): readonly Finding[] {
    return this.#missing(this.#last?.entry ?? 0, this.#present - 1);
  }

  #missing(entry: number, until: number): readonly Finding[] {
    const last = this.#last?.hour;
    if (last === undefined || until <= last) return [];
    const why = `no root over all verdicts for ${hours(last + 1, until, until - last)}: look whether the verifier ran and wrote into this log`;
    return [{ kind: "missing-root", entry, why }];
  }

  /** Not gone on to: the roots of the hours before it are due all the same. */
  #ahead(entry: number, hour: number, stated: number): readonly Finding[] {
    const present =
      stated < this.#present ? `was ${named(stated)} when it was stated` : `is ${named(this.#present)} here`;
    const why =
      `a root for the hour ${named(hour)}, and it ${present}: a clock of the verifier's database ran ahead, or this ` +
      "one is behind; set it right";
    return [{ kind: "root-ahead", entry, why }];
  }
}

function again(entry: number, hour: number, root: string, last: Counted): readonly Finding[] {
  if (hour === last.hour && root === last.root) return [];
  const why = `a further root ${short(root)} for the hour ${named(hour)}, which was over or had one: two verifiers write into this log, or one told two stories; look who writes`;
  return [{ kind: "two-roots", entry, why }];
}

function tookBack(entry: number, now: number, ahead: readonly Counted[]): Finding {
  const [first, last] = [ahead[0] as Counted, ahead.at(-1) as Counted];
  const had = `${hours(first.hour, last.hour, ahead.length)} ${ahead.length === 1 ? "has a root" : "have roots"} by entry ${last.entry}`;
  const why =
    `${had}, and this later entry was stated in the hour ${named(now)}, before that came: a clock of the verifier ran ahead and ` +
    "was set back, or it tells two stories; look who set it, and compare with the roots that these hours get when they come";
  return { kind: "root-ahead", entry, why };
}

const hours = (first: number, last: number, count: number): string =>
  count === 1 ? `the hour ${named(first)}` : `${count} hours, ${named(first)} to ${named(last)}`;

/** `2026-01-31T23Z`, or the number where a date cannot say it. */
function named(hour: number): string {
  const at = new Date(hour * HOUR_MS);
  return Number.isNaN(at.getTime()) ? `${hour}` : `${at.toISOString().slice(0, 13)}Z`;
}
