/**
 * Where and as whom a namespace was started: what the lens levels to tokens.
 */
export interface Launch {
  /** Canonical paths, escaped. */
  readonly cwd: string;
  readonly home: string;
  /** Directories for temporary files: TMPDIR, /tmp, /var/tmp. */
  readonly temp: readonly string[];
  readonly uid: number;
  readonly gid: number;
  /** Login name of that user, escaped; there need not be one. */
  readonly user?: string;
  /** The control groups it was started in: one for each hierarchy that is mounted. */
  readonly controlGroups?: readonly ControlGroup[];
  /** First and last port the kernel gives to sockets that ask for none. */
  readonly ephemeralPorts: readonly [low: number, high: number];
  /** For a container: where its runtime keeps things on this host, and whose ids are whose. */
  readonly canister?: CanisterPlaces;
}

export type IdKind = "uid" | "gid";

/** One line of a user namespace's map: `count` ids from `host` on are those from `container` on. */
export interface IdRange {
  readonly container: number;
  readonly host: number;
  readonly count: number;
}

/** What a host has of one container. */
export interface CanisterPlaces {
  /** Identifier that the engine gave the container. */
  readonly id: string;
  /** Directories of the host, canonical and escaped, by the token that stands for them. */
  readonly directories: readonly { readonly path: string; readonly token: string }[];
  /** Empty without a user namespace: ids are then the same on both sides. */
  readonly ids: Readonly<Record<IdKind, readonly IdRange[]>>;
}

/** A directory of a control group file system; both paths are canonical and escaped. */
export interface ControlGroup {
  /** Where the hierarchy is mounted. */
  readonly mount: string;
  /** The group itself, the mount point or below it. */
  readonly group: string;
}
