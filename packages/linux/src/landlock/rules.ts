/** The Landlock rules of a contour as plain data, so that they can be shown, compared and sent to another thread. */

/** A place in the file system that a right is tied to. The kernel ties it to the inode that exists there when the rules are created. */
export interface Spot {
  /** Absolute canonical path, escaped. */
  readonly path: string;
  /** The type that the file must have. Rights on a directory also hold for everything below it. */
  readonly on: "file" | "directory";
  /** The namespace may create it: if it does not exist at launch, its nearest existing ancestor gets its rights. */
  readonly appears: boolean;
}

export interface FileRule extends Spot {
  /** Union of `fsRights`. */
  readonly access: number;
  /** Readable with permission to execute: a task may try to execute it although the kernel will refuse with ENOEXEC. */
  readonly tried: boolean;
}

/**
 * An object is moved or linked from one directory to another. The kernel refuses this (EXDEV) if the object would gain rights,
 * so `from` must have every right of `to`, as far as `rights` go.
 */
export interface Move {
  readonly from: Spot;
  readonly to: Spot;
  readonly rights: number;
}

export interface LandlockRules {
  /** False if Landlock in general would refuse an event that is on contour; `reasons` name it. */
  readonly usable: boolean;
  readonly reasons: readonly string[];
  readonly files: readonly FileRule[];
  readonly moves: readonly Move[];
  readonly tcpBind: readonly number[];
  readonly tcpConnect: readonly number[];
  /** The rights that are refused unless a rule allows them: unions of `fsRights`, `netRights`. */
  readonly handledFs: number;
  readonly handledNet: number;
  /** Union of `scopes`: what may not reach outside the namespace at all. */
  readonly scoped: number;
  /** Where the rules allow more than the contour, one line each. */
  readonly notes: readonly string[];
}
