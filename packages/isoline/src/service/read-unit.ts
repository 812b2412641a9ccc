/** Reads a service's unit: the files that systemd read, by systemctl(1), or the files that were named. */
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { CliError } from "../error.ts";
import { readRegular } from "../store/bounded-file.ts";
import { DROP_IN, markIn } from "./drop-in.ts";
import { removable } from "./hardening.ts";
import { Settings } from "./settings.ts";
import { type Assignment, assignmentsIn } from "./unit-text.ts";

const MOST_BYTES = 1024 * 1024;
const MOST_FILES = 256;
const PROPERTIES = ["LoadState", "FragmentPath", "DropInPaths", "TriggeredBy"] as const;
/** What the drop-in sets, so that a file after it must not. */
const OURS: readonly string[] = ["ExecStart", "KillMode", "NotifyAccess", ...removable.keys()];
const UNIT = /^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,200}$/;

/** The name of a service with its ending. Refuses a template: what each of its instances does is learnt apart. */
export function unitName(told: string): string {
  const unit = told.endsWith(".service") ? told : `${told}.service`;
  if (!UNIT.test(unit))
    throw new CliError(
      "usage",
      `expected a service of letters, digits, : _ . @ and -, got ${JSON.stringify(told.slice(0, 60))}; see systemctl list-units`,
    );
  if (unit.endsWith("@.service"))
    throw new CliError("usage", `expected an instance, as ${unit.replace("@.", "@NAME.")}, got the template ${unit}`);
  return unit;
}

/** The settings of a unit without isoline's own drop-in. Refuses with `unfit-unit` what cannot be read, or would undo the drop-in. */
export function readUnit(unit: string, named: readonly string[]): Settings {
  const files = named.length > 0 ? named : filesOf(unit);
  const assignments = files.flatMap((file) => {
    const bytes = readRegular(file, MOST_BYTES, "a file of a unit");
    return markIn(bytes.toString("latin1")) === undefined ? assignmentsIn(bytes, file) : [];
  });
  assertNoneAfter(unit, assignments);
  return new Settings(assignments);
}

/** The unit's own file and its drop-ins, in the order in which systemd applies them. */
function filesOf(unit: string): readonly string[] {
  const told = spawnSync("systemctl", ["show", `--property=${PROPERTIES.join(",")}`, "--", unit], {
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    encoding: "utf8",
    maxBuffer: MOST_BYTES,
    timeout: 30_000,
  });
  if (told.status !== 0) {
    const [why = ""] = (told.error?.message ?? told.stderr).trim().split("\n");
    throw new CliError(
      "unfit-unit",
      `${unit}: systemctl does not say what its files are (${why.slice(0, 120)}); name them, in their order, with --unit-file`,
    );
  }
  const values = new Map(told.stdout.split("\n").map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  const [state, file = "", dropIns = "", triggers = ""] = PROPERTIES.map((name) => values.get(name));
  if (state !== "loaded" || file === "")
    throw new CliError("unfit-unit", `${unit}: expected a unit that is loaded from a file, got ${state || "nothing"}`);
  const socket = triggers.split(" ").find((each) => each.endsWith(".socket"));
  if (socket !== undefined)
    throw new CliError(
      "unfit-unit",
      `${unit}: expected a service that opens its own sockets, got one that ${socket} starts: LISTEN_PID would name isoline`,
    );
  const files = [file, ...dropIns.split(" ").filter((path) => path !== "")];
  if (files.length > MOST_FILES)
    throw new CliError("unfit-unit", `${unit}: expected at most ${MOST_FILES} files, got ${files.length}`);
  return files;
}

/** systemd applies drop-ins by name (systemd.unit(5)): one with a later name would start the service without isoline. */
function assertNoneAfter(unit: string, assignments: readonly Assignment[]): void {
  const after = assignments.find(
    ({ file, name }) => file.endsWith(".conf") && basename(file) > DROP_IN && OURS.includes(name),
  );
  if (after === undefined) return;
  throw new CliError(
    "unfit-unit",
    `${unit}: expected ${after.name}= in no drop-in after ${DROP_IN}, got one in ${after.file}; rename it, as 40-…`,
  );
}
