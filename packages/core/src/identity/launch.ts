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
  /** First and last port the kernel gives to sockets that ask for none. */
  readonly ephemeralPorts: readonly [low: number, high: number];
}
