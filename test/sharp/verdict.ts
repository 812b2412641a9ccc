/** The result of a deviation, beside the expected one. */
import type { Deviation, Outcome } from "./deviation.ts";

interface Watched {
  readonly status: number | null;
  readonly acts: readonly string[];
  readonly incomplete: readonly unknown[];
  readonly explained: boolean;
  readonly happened: boolean | undefined;
}

export function watched({ acts }: Deviation, { report, status, happened }: Outcome): Watched {
  // An act with the expected beginning is shown as that beginning; any other in full.
  const shown = report.departures.map(({ act }, index) => (act.startsWith(acts[index] ?? "\n") ? acts[index] : act));
  if (acts.at(-1) === "…") shown.splice(acts.length - 1, shown.length, "…");
  return {
    status,
    acts: shown as string[],
    incomplete: report.incomplete,
    explained: report.departures.every(({ why }) => /^\S.*; \S/.test(why)),
    happened,
  };
}

/** The act is seen, and no other; it is explained, and it goes ahead. */
export function watchedAs({ acts, happened, always }: Deviation): Watched {
  return {
    status: acts.length > 0 ? 3 : 0,
    acts,
    incomplete: [],
    explained: true,
    happened: happened ? always !== "refused" : undefined,
  };
}

interface Enforced {
  readonly status: number | null;
  readonly first: string | undefined;
  readonly incomplete: readonly unknown[];
  /** Off-contour events that went ahead when enforcing. */
  readonly slipped: number;
  readonly happened: boolean | undefined;
}

export function enforced({ acts }: Deviation, { report, status, happened }: Outcome): Enforced {
  const [expected] = acts;
  const act = report.departures[0]?.act;
  return {
    status,
    first: expected !== undefined && act?.startsWith(expected) ? expected : act,
    incomplete: report.incomplete,
    slipped: report.off - report.refused,
    happened,
  };
}

/** The act is refused, and has no effect; what is on contour goes ahead. */
export function enforcedAs({ acts, happened }: Deviation): Enforced {
  return {
    status: acts.length > 0 ? 3 : 0,
    first: acts[0],
    incomplete: [],
    slipped: 0,
    happened: happened ? acts.length === 0 : undefined,
  };
}
