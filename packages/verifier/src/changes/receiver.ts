/** Where changes go. */
import { VerifierError } from "../error.ts";
import type { ChangeRow } from "../store/index.ts";

/** It is there, and does not take these changes as they are: fewer at a time may be taken. */
export class NotTaken extends VerifierError {}

export interface Receiver {
  /** How far it has come is kept under this name. */
  readonly name: string;
  /** Ends when the receiver has them; fails otherwise, and is called with them again. `skipped`: so many before them are gone. */
  send(changes: readonly ChangeRow[], skipped: number): Promise<void>;
  close?(): Promise<void>;
}
