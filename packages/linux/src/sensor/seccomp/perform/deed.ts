/** What a decoder has the supervisor do in place of a task. */
import type { Act } from "../../mediation.ts";

/** A call on objects that the supervisor holds, as the supervisor can make it. */
export interface Deed {
  readonly act: Act;
  /** The errno that the kernel would refuse it with, as far as a check can tell; 0 if none. */
  readonly refusal: () => number;
  /** Makes the call; its result, or a negative errno. Undefined if it cannot be made with the objects held. */
  readonly call: (() => number) | undefined;
  /** It creates a file, whose mode depends on the umask. */
  readonly isCreation?: boolean;
  /** It is an act whether it succeeds or not. */
  readonly isAskedFirst?: boolean;
  /** The errno that the task gets although the call was made and had its effect; 0 if none. */
  readonly refusedAfter?: () => number;
  /** EAGAIN of the call: it would wait, and the task makes it instead. */
  readonly mayBlock?: boolean;
}
