/** The parts of an explanation of a departure. */
import type { Digest } from "../digest.ts";
import type { Task } from "../identity/task.ts";
import type { Circumstances } from "./forensics.ts";
import type { Neighbour } from "./nearest.ts";

/** The difference that explains a departure best. */
export type Reason =
  | "on-contour"
  | "new-program"
  | "changed-program"
  | "new-lineage"
  | "other-call"
  | "changed-content"
  | "other-access"
  | "other-credentials"
  | "changed-attributes"
  | "other-program"
  | "new-target"
  | "other-act"
  | "new-place"
  | "nothing-like-it";

/** Why an event is on or off a contour. */
export interface Explanation {
  readonly reason: Reason;
  /** One line, safe on a terminal. */
  readonly sentence: string;
  /** Nearest learnt points, nearest first. Empty if the actor is the difference. */
  readonly nearest: readonly Neighbour[];
}

/** An explanation without the leading words that name the actor and the act. */
export interface Finding {
  readonly reason: Reason;
  readonly says: string;
  readonly nearest?: readonly Neighbour[];
}

/** What is known about the actor beside the event. */
export interface Witness extends Partial<Pick<Circumstances, "chain" | "task" | "guessedLineage">> {
  /** Looks up a task that is not on the contour. */
  readonly unknownTask?: (id: Digest) => Task | undefined;
  /** Whether the event departed. A contour that has it now was made to permit more afterwards. */
  readonly hasDeparted?: boolean;
}
