/** A thread that waits for a verdict, as its record has it: its id may be another one's once its process has ended. */
export interface HeldThread {
  /** By handle. */
  readonly process: number;
  readonly tid: number;
}
