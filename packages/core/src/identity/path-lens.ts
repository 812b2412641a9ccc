/**
 * The rules that level paths, in their order: numbers in /proc and /dev/pts; directories by purpose and created names; the
 * user's pseudonyms.
 */
import type { Label, Labelled } from "./creations.ts";
import type { Launch } from "./launch.ts";
import type { Observation, Surroundings } from "./observation.ts";
import { LITERAL, literals, ROOT, withLabels } from "./path-text.ts";
import { IN, isOfHost, keyOf, type PlacedPath, placedPath } from "./placed-path.ts";
import type { Policy } from "./policy.ts";
import { CreatedNames, type Made } from "./rules/created.ts";
import { type Directory, Directories } from "./rules/directories.ts";
import type { CanisterDirectories } from "./rules/canister.ts";
import { levelProcess, levelTerminal } from "./rules/kernel-names.ts";
import { Pseudonyms } from "./rules/pseudonyms.ts";
import type { Firings, RuleName } from "./rules/table.ts";
import { momentsIn } from "./rules/timestamps.ts";
import { UserNames } from "./rules/users.ts";
import { LevelledNames } from "./tools/names.ts";

/** The suffix by which a sensor marks a file that is still open but has no name any more. */
const DELETED = "?deleted:";
const OUTSIDE = "?outside:";
/** The last component of a path that is created: its label, or null if it has none whatever existed there before. */
type Newest = Label | null | undefined;

export class PathLens {
  readonly created: CreatedNames;
  readonly #rules: Policy["rules"];
  readonly #surroundings: Surroundings;
  readonly #directories: Directories;
  readonly #pseudonyms: Pseudonyms;
  readonly #userNames: UserNames;
  readonly #levelledNames: LevelledNames | undefined;
  readonly #firings: Firings;
  readonly #host: CanisterDirectories | undefined;
  #atHostRoot = false;

  /** `host` for a container: the directories of its runtime. */
  constructor(
    policy: Policy,
    launch: Launch,
    surroundings: Surroundings,
    firings: Firings,
    host?: CanisterDirectories,
  ) {
    const directories = new Directories(launch, policy.rules);
    this.#rules = policy.rules;
    this.#surroundings = surroundings;
    this.#directories = directories;
    this.#pseudonyms = new Pseudonyms(policy.pseudonyms);
    this.#userNames = new UserNames(policy.rules["launch-user"] ? launch : undefined);
    const levelledNames = new LevelledNames(policy.tools);
    this.#levelledNames = levelledNames.isEmpty ? undefined : levelledNames;
    this.#host = host;
    this.#firings = firings;
    const { created, timestamp, "content-address": contentAddress } = policy.rules;
    const switches = { created, timestamp, contentAddress };
    this.created = new CreatedNames(switches, surroundings, (path) => directories.isTemporary(path), firings);
  }

  /** Sets the view from which the next paths are seen. */
  seenFrom(atHostRoot: boolean): void {
    this.#atHostRoot = atHostRoot;
  }

  /** A path of an existing object. Texts that are not paths (a token, `memfd:x`, `?reason`) stay as they are. */
  level(path: string, pid: number): string {
    if (logged(path) !== undefined) return this.#renamed(this.#called(path, pid, undefined));
    if (path.startsWith(DELETED) && logged(path.slice(DELETED.length)) !== undefined)
      return this.#deleted(path.slice(DELETED.length), pid);
    if (path.startsWith(OUTSIDE) && this.#host?.isOwnState(path.slice(OUTSIDE.length)))
      return this.level(path.slice(OUTSIDE.length), pid);
    return path;
  }

  /** A path that is created. */
  creates(path: string, made: Made, at: Observation): string {
    const name = logged(path);
    if (name === undefined) return this.level(path, at.pid);
    return this.#renamed(this.#called(path, at.pid, this.created.creates(name, made, at) ?? null));
  }

  /** The path that `from` is moved to. */
  moves(from: string, to: string, replaces: boolean, at: Observation): string {
    const [old, name] = [logged(from), logged(to)];
    if (old === undefined || name === undefined) return this.level(to, at.pid);
    return this.#renamed(this.#called(to, at.pid, this.created.moves(old, name, replaces, at) ?? null));
  }

  /** The path that `from` is exchanged with. */
  exchanges(from: string, to: string, at: Observation): string {
    const [old, name] = [logged(from), logged(to)];
    if (old !== undefined && name !== undefined) this.created.exchanges(old, name);
    return this.level(to, at.pid);
  }

  /** A path that is about to be removed. */
  removes(path: string, pid: number): string {
    const name = logged(path);
    if (name === undefined) return this.level(path, pid);
    const called = this.#called(path, pid, undefined);
    this.created.removes(name, called);
    return this.#renamed(called);
  }

  /** An abstract socket name with its at sign. */
  socket(address: string, at: Observation, binds: boolean): string {
    const path = `/${address.slice(1)}`;
    const newest = binds ? (this.created.bindsAbstract(path, at) ?? null) : undefined;
    const labels = withNewest(path, this.created.labelsInSocket(path), newest);
    if (!labels?.length) return address;
    return `${ROOT}@${this.#tail(path, 0, labels).slice(1)}`;
  }

  /** Labels of created names below a directory, as a relative link text may contain them. `names` starts with a slash. */
  below(directory: string, names: string): string {
    const path = directory + names;
    const labels = this.created.labelsAlong(path)?.filter(({ start }) => start > directory.length);
    return labels?.length ? this.#tail(path, directory.length, labels) : literals(names);
  }

  /** Whether the policy lets the content of a file with this levelled path count. */
  contentCounts(levelled: string): boolean {
    return this.#pseudonyms.contentCounts(levelled);
  }

  /** Whether a real path is a directory that the launch names, or an ancestor of such a directory. */
  isWayDown(path: string): boolean {
    return this.#directories.areReachedBy(path);
  }

  /** Separates paths of the launch's view from all others. */
  #called(path: string, pid: number, newest: Newest): string {
    const placed = placedPath(path);
    return placed ? this.#placed(placed, pid, newest) : this.#plain(path, pid, newest);
  }

  #placed(placed: PlacedPath, pid: number, newest: Newest): string {
    const { origin, isShown, rest } = placed;
    if (this.#host && isOfHost(placed)) return this.#ofHost(this.#host, rest === "" ? "/" : rest, newest);
    this.#firings.count("origin");
    const { path, start } = keyOf(placed);
    const kernel = this.#kernelName(rest, pid, true);
    if (kernel !== undefined) return `${IN}${this.#lead(placed, pid)}//${kernel.slice(1)}`;
    // A directory that the launch names is replaced by its token even if the launch's view does not contain it.
    const directory = this.#host ? undefined : this.#directories.of(isShown ? path : rest);
    const end = (directory?.path.length ?? 0) + (isShown ? 0 : start);
    const from = directory && end > start ? end : start;
    const tail = this.#tail(path, from, this.#labelled(path, from, newest) ?? []);
    if (from === start) return `${IN}${this.#lead(placed, pid)}//${tail.slice(1)}`;
    this.#firings.count((directory as Directory).rule);
    const { token } = directory as Directory;
    return isShown ? `${IN}${token}//${tail.slice(1)}` : `${IN}${origin}//${token}${tail}`;
  }

  /** The origin of a path that is not in the launch's view. */
  #lead({ origin, isShown }: PlacedPath, pid: number): string {
    return isShown && origin !== "" ? this.#plain(origin, pid, undefined) : origin;
  }

  #plain(path: string, pid: number, newest: Newest): string {
    const host = this.#atHostRoot || this.#host?.isOwnState(path) ? this.#host : undefined;
    const kernel = this.#kernelName(path, pid, false);
    if (kernel !== undefined) return host ? host.prefixed(kernel) : kernel;
    if (host) return this.#ofHost(host, path, newest);
    const directory = this.#directories.of(path);
    const from = directory ? directory.path.length : 0;
    const created = withNewest(path, this.created.labelsAlong(path), newest)?.filter(({ start }) => start > from);
    const user = directory?.rule === "temp" ? this.#userNames.labelIn(path, from) : undefined;
    const named = user ? [user, ...(created ?? []).filter(({ start }) => start !== user.start)] : created;
    const labels = this.#withDigests(path, from, directory, this.#withMoments(path, from, named));
    if (!directory && !labels?.length) return path;
    if (directory) this.#firings.count(directory.rule);
    return (directory?.token ?? ROOT) + this.#tail(path, from, labels ?? []);
  }

  /** The labels after a position: of created names and of moments. */
  #labelled(path: string, from: number, newest: Newest): Labelled[] | undefined {
    const created = withNewest(path, this.created.labelsAlong(path), newest)?.filter(({ start }) => start > from);
    return this.#withMoments(path, from, created);
  }

  /** With the digests in names of a toolchain's place, which count whichever run made the files. */
  #withDigests(
    path: string,
    from: number,
    directory: Directory | undefined,
    labels: Labelled[] | undefined,
  ): Labelled[] | undefined {
    if (this.#levelledNames === undefined) return labels;
    const token = directory?.token ?? "";
    const digests = this.#levelledNames.labelsIn(token + path.slice(from), from - token.length);
    if (digests.length === 0) return labels;
    const others = (labels ?? []).filter(({ start }) => !digests.some((digest) => digest.start === start));
    return [...digests, ...others].sort((a, b) => a.start - b.start);
  }

  #withMoments(path: string, from: number, labels: Labelled[] | undefined): Labelled[] | undefined {
    return this.#rules.timestamp ? withMoments(path, from, labels) : labels;
  }

  /** A name whose numbers the kernel counts up. `anew`: a mount of proc may count in another pid namespace than the launch's. */
  #kernelName(path: string, pid: number, anew: boolean): string | undefined {
    if (path.startsWith("/proc/") && this.#rules["proc-pid"]) {
      const levelled = levelProcess(path, pid, this.#surroundings, anew);
      if (levelled !== path) return this.#fired("proc-pid", levelled);
    } else if (path.startsWith("/dev/pts/") && this.#rules.pty) {
      const levelled = levelTerminal(path);
      if (levelled !== path) return this.#fired("pty", levelled);
    }
    return undefined;
  }

  #ofHost(host: CanisterDirectories, path: string, newest: Newest): string {
    const { token, end } = host.of(path);
    const created = withNewest(path, this.created.labelsAlong(path), newest)?.filter(({ start }) => start > end) ?? [];
    const named = host.labels(path, end);
    const free = created.filter(({ start }) => !named.some((label) => label.start === start));
    this.#firings.count("canister");
    return (
      token +
      this.#tail(
        path,
        end,
        [...named, ...free].sort((a, b) => a.start - b.start),
      )
    );
  }

  #tail(path: string, from: number, labels: readonly Labelled[]): string {
    for (const rule of new Set(labels.map(({ label }) => label.rule))) this.#firings.count(rule);
    const tail = labels.length > 0 ? withLabels(path, from, labels) : literals(path.slice(from));
    return tail.includes(LITERAL) ? this.#fired("literal", tail) : tail;
  }

  #deleted(path: string, pid: number): string {
    const name = logged(path) as string;
    return this.#renamed(DELETED + (this.created.deleted(name) ?? this.#called(path, pid, undefined)));
  }

  #renamed(path: string): string {
    const renamed = this.#pseudonyms.of(path);
    return renamed === undefined ? path : this.#fired("pseudonym", renamed);
  }

  #fired(rule: RuleName, levelled: string): string {
    this.#firings.count(rule);
    return levelled;
  }
}

/** The key under which a path is remembered as created; undefined for a text that is not a path. */
function logged(path: string): string | undefined {
  if (path.charCodeAt(0) === 0x2f) return path;
  const placed = placedPath(path);
  return placed && keyOf(placed).path;
}

/** Names that have no label as created names may contain a moment. */
function withMoments(path: string, from: number, labels: Labelled[] | undefined): Labelled[] | undefined {
  const moments = momentsIn(path, from);
  if (moments.length === 0) return labels;
  const free = moments.filter(({ start }) => !labels?.some((label) => label.start === start));
  return [...(labels ?? []), ...free].sort((a, b) => a.start - b.start);
}

/** The labels along a path whose last component is new: what was known under that name is ignored. */
function withNewest(path: string, labels: Labelled[] | undefined, newest: Newest): Labelled[] | undefined {
  if (newest === undefined) return labels;
  const above = labels?.filter(({ end }) => end < path.length) ?? [];
  if (newest) above.push({ start: path.lastIndexOf("/") + 1, end: path.length, label: newest });
  return above;
}
