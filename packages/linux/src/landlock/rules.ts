/**
 * What a contour comes to as Landlock rules: plain data, so that it can be shown, compared and sent to another thread.
 */

/** A place in the file system that a right is tied to. The kernel ties it to the inode that is there when the rules are made. */
export interface Spot {
  /** Absolute canonical path, escaped. */
  readonly path: string;
  /** What must be there: rights on a directory hold for everything below it as well. */
  readonly on: "file" | "directory";
  /** The namespace may make it: where it is not there at launch, the nearest directory that is takes its rights. */
  readonly appears: boolean;
}

export interface FileRule extends Spot {
  /** Union of `fsRights`. */
  readonly access: number;
  /** Readable, with permission to execute: something may try to run it although the kernel will say that it is no program. */
  readonly tried: boolean;
}

/**
 * Something is moved or linked from one directory to another. The kernel refuses that (EXDEV) where it would come under
 * more rights than before, so `from` must have what `to` has, as far as `rights` go.
 */
export interface Move {
  readonly from: Spot;
  readonly to: Spot;
  readonly rights: number;
}

export interface LandlockRules {
  /** False where Landlock as such would refuse something that is on contour; `reasons` say what. */
  readonly usable: boolean;
  readonly reasons: readonly string[];
  readonly files: readonly FileRule[];
  readonly moves: readonly Move[];
  readonly tcpBind: readonly number[];
  readonly tcpConnect: readonly number[];
  /** What is refused unless a rule allows it: unions of `fsRights`, `netRights`. */
  readonly handledFs: number;
  readonly handledNet: number;
  /** Union of `scopes`: what may not reach outside the namespace at all. */
  readonly scoped: number;
  /** Where the rules allow more than the contour, one line each. */
  readonly notes: readonly string[];
}
