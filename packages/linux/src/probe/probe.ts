/** One capability of a machine, as `isoline doctor` prints it. */
export interface Probe {
  /** What needs it: the machine as such, or a part of isoline. */
  readonly part: "machine" | "seccomp" | "landlock" | "bpf" | "mitigations";
  readonly name: string;
  readonly works: boolean;
  /** Whether that part cannot work at all without it. */
  readonly required: boolean;
  /** Where it works, and that part does not do all that it is for: what it does. */
  readonly only?: string;
  /** What was found. */
  readonly detail: string;
  /** What is required, whether or not it is there. */
  readonly needs: string;
  /** What the user can do about it, if anything. */
  readonly fix?: string;
}
