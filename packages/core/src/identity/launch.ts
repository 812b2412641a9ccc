/** Where a namespace was started and by which user: what the lens levels to tokens. */
export interface Launch {
  /** Canonical paths, escaped. */
  readonly cwd: string;
  readonly home: string;
  /** Directories for temporary files: TMPDIR, /tmp, /var/tmp. */
  readonly temp: readonly string[];
  readonly uid: number;
  readonly gid: number;
  /** Login name of that user, escaped; undefined if the user has none. */
  readonly user?: string;
  /** The control groups that the namespace was started in: one for each mounted hierarchy. */
  readonly controlGroups?: readonly ControlGroup[];
  /** First and last port of the range from which the kernel assigns ports. */
  readonly ephemeralPorts: readonly [low: number, high: number];
  /** For a container: the directories of its runtime on this host, and the mapping of its ids. */
  readonly canister?: CanisterPlaces;
}

export type IdKind = "uid" | "gid";

/** One line of the map of a user namespace: `count` ids from `host` on are the ids from `container` on. */
export interface IdRange {
  readonly container: number;
  readonly host: number;
  readonly count: number;
}

/** What the host has for one container. */
export interface CanisterPlaces {
  /** Identifier that the engine gave the container. */
  readonly id: string;
  /** Directories of the host, canonical and escaped, by their token. */
  readonly directories: readonly { readonly path: string; readonly token: string }[];
  /** Empty without a user namespace: ids are then the same on host and container. */
  readonly ids: Readonly<Record<IdKind, readonly IdRange[]>>;
}

/** A directory of a control group file system; both paths are canonical and escaped. */
export interface ControlGroup {
  /** The mount point of the hierarchy. */
  readonly mount: string;
  /** The group itself: the mount point or a directory below it. */
  readonly group: string;
}
