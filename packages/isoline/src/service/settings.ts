/** The settings of a unit that are in force: what its files say together, later ones over earlier ones. */
import type { Assignment } from "./unit-text.ts";

/** Each assignment of these adds a value, and an empty one takes all earlier away. */
const LISTS: ReadonlySet<string> = new Set([
  ...["ExecStart", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost", "ExecCondition"],
  ...["Environment", "EnvironmentFile", "SystemCallFilter", "SystemCallLog", "SystemCallArchitectures"],
  ...["RestrictAddressFamilies", "CapabilityBoundingSet", "AmbientCapabilities", "SupplementaryGroups"],
  ...["ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths", "TemporaryFileSystem"],
  ...["BindPaths", "BindReadOnlyPaths", "OpenFile", "Sockets"],
]);

export class Settings {
  readonly #values = new Map<string, string[]>();

  /** `assignments` in the order in which systemd reads them; those of [Service] count. */
  constructor(assignments: readonly Assignment[]) {
    for (const { section, name, value } of assignments) {
      if (section !== "Service") continue;
      const earlier = LISTS.has(name) ? (this.#values.get(name) ?? []) : [];
      this.#values.set(name, isReset(name, value) ? [] : [...earlier, value]);
    }
  }

  /** The values of a setting; none where it is not set, or set back to nothing. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The last value. */
  one(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  /** Whether it is set to anything but no (systemd.syntax(7) has the words for no). */
  isOn(name: string): boolean {
    const value = this.one(name);
    return value !== undefined && !/^(?:no|n|false|f|off|0)$/i.test(value);
  }
}

/** Set to nothing, as if it had never been set. An empty set of capabilities is a set (systemd.exec(5)); `~` alone is all of them. */
const isReset = (name: string, value: string) => value === (name === "CapabilityBoundingSet" ? "~" : "");
