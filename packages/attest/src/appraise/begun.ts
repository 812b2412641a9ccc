/**
 * Labels of what users' processes began for themselves at an agent: `begun:UID:NAME`. The agent says the number of the user, as the kernel
 * told it; the process chose the name. So a name alone proves nothing: every user of that node who may begin a namespace may take it.
 */

const BEGUN = "begun:";
/** As the agent gives them: a number of 32 bits, and a name of at most 40 letters. */
const LABEL = /^begun:(0|[1-9]\d{0,9}):([A-Za-z0-9][A-Za-z0-9_.-]{0,39})$/;
/** All, those of a name, or those of a user and a name; `*` stands for a whole number only, so that no rule for 100 is for 1000. */
const PATTERN = /^begun:(?:\*|(?:\*|0|[1-9]\d{0,9}):[A-Za-z0-9_.*-]{1,80})$/;
const MOST_USER = 2 ** 32 - 1;

/** Who began a namespace for itself. */
export interface BegunBy {
  /** Number of the user on its node; the same number may be another person's on another node. */
  readonly user: number;
  /** What the process called it. */
  readonly name: string;
}

export const isBegun = (label: string): boolean => label.startsWith(BEGUN);

export const isBegunPattern = (pattern: string): boolean => PATTERN.test(pattern);

/** What a label says of who began it; undefined for any other label, also for one that only begins so. */
export function begunIn(label: string): BegunBy | undefined {
  const [, digits = "", name = ""] = LABEL.exec(label) ?? [];
  const user = Number(digits);
  return name === "" || user > MOST_USER ? undefined : { user, name };
}
