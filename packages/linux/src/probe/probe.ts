/**
 * One thing that a machine can do or not, as `isoline doctor` tells it.
 */
export interface Probe {
  /** What it is about: the machine as such, or what of isoline needs it. */
  readonly part: "machine" | "seccomp" | "landlock" | "bpf";
  readonly name: string;
  readonly works: boolean;
  /** Whether that part does nothing at all without it. */
  readonly required: boolean;
  /** What was found. */
  readonly detail: string;
  /** What it takes, whether or not it is there. */
  readonly needs: string;
  /** What to do about it, where something can be done. */
  readonly fix?: string;
}
