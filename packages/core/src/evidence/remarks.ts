/** What stands in the evidence beside the runs: the acts that a rule replaced, and the acts that were accepted without a run. */
import type { Digest } from "../digest.ts";

/** An act that a class rule replaced. It comes back when the rule is taken out of the policy. */
export interface ReplacedAct {
  /** The rule, as its line in the policy has it. */
  readonly rule: string;
  readonly point: Digest;
  /** Who acted: a task of the contour, or zeros. */
  readonly task: Digest;
  /** The credentials, as a line of a contour has them after the handle. */
  readonly credentials: string;
  /** The act, as a line of a contour has it before the point. */
  readonly act: string;
}

/** A point that was taken into the contour by a decision, and not because a run was learnt. */
export interface Acceptance {
  readonly point: Digest;
  /** ISO 8601 in UTC, to the second. */
  readonly when: string;
  /** The user who decided. */
  readonly by: string;
  readonly reason: string;
  /** Where the departure came from: the report, or the namespace. */
  readonly source: string;
}

/** Remarks of one kind, each once. */
export class Remarks<T extends object> {
  readonly #byText = new Map<string, T>();

  add(remarks: Iterable<T>): void {
    for (const remark of remarks) this.#byText.set(JSON.stringify(remark), remark);
  }

  /** Takes out the remarks that a test is true of, and returns them. */
  take(test: (remark: T) => boolean): T[] {
    const taken: T[] = [];
    for (const [text, remark] of this.#byText) {
      if (!test(remark)) continue;
      taken.push(remark);
      this.#byText.delete(text);
    }
    return taken;
  }

  get all(): readonly T[] {
    return [...this.#byText.values()];
  }
}
