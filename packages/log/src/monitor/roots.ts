/** Roots over all verdicts: one for each hour, from the hour of the first statement on. */
import type { Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

const HOUR_MS = 3_600_000;

export class Roots implements Watch {
  /** Of hours that a root was due for, the last that had one, or before which none was. */
  #last: number | undefined;
  #entry = 0;
  #root: string | undefined;
  /** By the monitor's own clock. */
  readonly #present: number;

  /** `now` is in milliseconds since 1970. */
  constructor(now: number) {
    this.#present = Math.floor(now / HOUR_MS);
  }

  see(entry: number, statement: Statement): readonly Finding[] {
    this.#last ??= Math.min(Math.floor(statement.at / HOUR_MS), this.#present) - 1;
    if (statement.kind !== "root") return [];
    const { hour, root } = statement;
    // By the statement's own time as well: the same log must give the same findings when it is read again, and that hour has come by then.
    const stated = Math.floor(statement.at / HOUR_MS);
    if (hour > Math.min(this.#present, stated) + 1) return this.#ahead(entry, hour, stated);
    // The first may be of the hour before that of the first statement: it is by the database's clock.
    const isFirst = this.#root === undefined && hour === this.#last;
    if (hour <= this.#last && !isFirst) return this.#again(entry, hour, root);
    const missing = this.#missing(entry, hour - 1);
    this.#last = hour;
    this.#entry = entry;
    this.#root = root;
    return missing;
  }

  /** What is missing now. The root of an hour is due when that hour is over. */
  overdue(): readonly Finding[] {
    return this.#missing(this.#entry, this.#present - 1);
  }

  #missing(entry: number, until: number): readonly Finding[] {
    if (this.#last === undefined || until <= this.#last) return [];
    const [first, hours] = [this.#last + 1, until - this.#last];
    const which = hours === 1 ? `the hour ${named(first)}` : `${hours} hours, ${named(first)} to ${named(until)}`;
    const why = `no root over all verdicts for ${which}: look whether the verifier ran and wrote into this log`;
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

  #again(entry: number, hour: number, root: string): readonly Finding[] {
    if (hour === this.#last && root === this.#root) return [];
    const why = `a further root ${short(root)} for the hour ${named(hour)}, which was over or had one: two verifiers write into this log, or one told two stories; look who writes`;
    return [{ kind: "two-roots", entry, why }];
  }
}

/** `2026-01-31T23Z`, or the number where a date cannot say it. */
function named(hour: number): string {
  const at = new Date(hour * HOUR_MS);
  return Number.isNaN(at.getTime()) ? `${hour}` : `${at.toISOString().slice(0, 13)}Z`;
}
