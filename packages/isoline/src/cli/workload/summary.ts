/** The messages at the end of a workload. */
import type { IntegrityReport, RunReport, TpmReport } from "../../namespace/report.ts";
import { paint } from "../output/paint.ts";
import { note, STDERR } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";

/** Number of racy calls that are named; the report has all of them. */
const MOST_CALLS = 4;
const MOST_UPDATES = 5;
const MOST_FAILURES = 5;

/** After learning: the size of the contour, and the effort. */
export function saySummaryOfLearning(report: RunReport, file: string): void {
  const added = report.added === report.points ? "all new" : `${report.added} new`;
  note(`${harmless(file)}: ${counted(report.points, "point")} (${added}) from ${counted(report.events, "event")}`);
  if (report.off > 0) note(`${paint("red", "off contour", STDERR)} since it was sealed: ${departuresText(report)}`);
  sayFailure(report, file);
  sayAttempts(report);
  sayFirings(report);
  sayGaps(report);
  sayRaces(report);
}

/** After a sealed run: whether it stayed on the contour. */
export function saySummaryOfRun(report: RunReport, file: string): void {
  const from = `${counted(report.events, "event")} against ${counted(report.points, "point")} of ${harmless(file)}`;
  const { verdict } = report;
  if (verdict === "on-contour") note(`${paint("green", "on contour", STDERR)}: ${from}`);
  else if (verdict === "incomplete") note(`${paint("yellow", "incomplete", STDERR)}: ${from}`);
  else note(`${paint("red", "off contour", STDERR)}: ${departuresText(report)}; ${from}`);
  sayUpdates(report, file);
  sayGaps(report);
  sayRaces(report);
}

/** Nothing ran, and the lines before say why; what is left to say is what to do. */
export function sayNotStarted({ command, off }: RunReport, file: string): void {
  const next =
    off > 0
      ? `; if it is wanted: isoline learn --merge -o ${harmless(file)} -- COMMAND, or isoline accept ${harmless(file)} REPORT (--report FILE)`
      : "; sign the file, or change the IMA policy";
  note(`${harmless(command[0] ?? "")}: starting it was refused, and nothing ran${next}`);
}

/** Whether Landlock restricts the workload as well, so that no race bypasses the verdicts. */
export function sayLandlock(landlock: RunReport["landlock"]): void {
  if (landlock === null) return;
  const { applied, version, reason, rules, notes } = landlock;
  if (!applied) {
    note(`${paint("yellow", "without Landlock", STDERR)}: ${harmless(reason ?? "it could not be applied")}`);
    return;
  }
  const remarks = notes.length === 0 ? "" : `; ${counted(notes.length, "remark")} in the report (--report FILE)`;
  note(`enforced by the kernel as well: Landlock version ${version}, ${counted(rules, "rule")}${remarks}`);
}

/** The findings of the integrity view, and the resulting registers. */
export function sayIntegrity(integrity: IntegrityReport | null): void {
  if (integrity === null) return;
  const { entries, violations, denied, failures, registers } = integrity;
  const register = registers["sha256"]?.["10"];
  const raced = violations > 0 ? `, ${counted(violations, "violation")}` : "";
  const refused = denied > 0 ? `, ${paint("red", `${denied} refused`, STDERR)}` : "";
  const bad = failures.length > 0 ? `, ${paint("red", `${counted(failures.length, "file")} not good`, STDERR)}` : "";
  sayFailures(integrity);
  note(`integrity: ${grouped(entries)} measured${raced}${bad}${refused}; sha256:10 is ${register ?? "empty"}`);
}

/** What became of a file that is not good. */
const appraised = { enforce: "refused", log: "only told", fix: "given its digest, where it has no signature" } as const;

function sayFailures({ failures, moreFailures, mode }: IntegrityReport): void {
  for (const { path, cause, count } of failures.slice(0, MOST_FAILURES))
    note(
      `${paint("red", "not good", STDERR)} by the IMA policy, ${appraised[mode]}: ${harmless(path)}: ${cause} (${counted(count, "time")})`,
    );
  const rest = Math.max(0, failures.length - MOST_FAILURES) + moreFailures;
  if (rest > 0) note(`… and ${counted(rest, "more failure")} of appraisal; --report FILE writes them`);
}

/** Where the run is recorded in hardware. */
export function sayTpm(tpm: TpmReport | null): void {
  if (tpm === null) return;
  const { register, shared, ledger, birth, departures, recorded } = tpm;
  const where = shared ? "the register that all share" : `register ${register.slice(4, 16)}…`;
  const told = `record ${birth} of ${harmless(ledger)}; ${counted(departures, "process")} departed`;
  if (recorded) note(`recorded in the TPM: ${where}, ${told}`);
  else note(`${paint("yellow", "not wholly recorded in the TPM", STDERR)}: ${where}, ${told}`);
}

/** What departed only because files were replaced: each update is one thing to decide about. */
function sayUpdates({ updates }: RunReport, file: string): void {
  for (const { changed, renamed, departures } of updates.slice(0, MOST_UPDATES)) {
    const files = [...changed.map(({ path }) => path), ...renamed.map(({ from, to }) => `${from} (now ${to})`)];
    const more = files.length > 1 ? ` and ${counted(files.length - 1, "more file")}` : "";
    const what = `${harmless(files[0] ?? "")}${more}; otherwise ${counted(departures, "act")} as on the contour`;
    note(`${paint("yellow", "updated", STDERR)}: ${what}`);
  }
  if (updates.length === 0) return;
  note(
    `to accept updates and nothing else: isoline accept ${harmless(file)} REPORT --only updated-program (--report FILE)`,
  );
}

function departuresText({ departures, off, refused }: RunReport): string {
  const refusals = refused > 0 ? `, ${refused === off ? "all" : refused} refused` : "";
  const times = off === departures.length ? "" : `, ${counted(off, "time")}`;
  return `${counted(departures.length, "departure")}${times}${refusals}`;
}

/** A command that failed is learnt as well: it did less than it does when it succeeds. */
function sayFailure({ exit }: RunReport, file: string): void {
  if ("unknown" in exit || ("status" in exit && exit.status === 0)) return;
  const how = "signal" in exit ? `was ended by ${exit.signal}` : `failed with status ${exit.status}`;
  note(
    `the command ${paint("yellow", how, STDERR)}: ${harmless(file)} holds what it did until then; if it should have gone on, learn it again`,
  );
}

function sayAttempts({ attempts }: RunReport): void {
  if (attempts > 0) note(`${counted(attempts, "attempt")} that the kernel refused exchanged nothing and are no points`);
}

function sayFirings({ firings }: RunReport): void {
  const fired = Object.entries(firings).filter(([, times]) => times > 0);
  if (fired.length === 0) return;
  note(`lens rules that levelled something: ${fired.map(([rule, times]) => `${rule} ${times}×`).join(", ")}`);
}

/** Every run has some of these, which only the task can make; the report counts them with the others. */
const everywhere: ReadonlySet<string> = new Set(["execve", "execveat", "mmap"]);

/** The calls that the supervisor did not perform itself. */
function sayRaces({ racy }: RunReport): void {
  const calls = Object.entries(racy)
    .filter(([call]) => !everywhere.has(call))
    .sort(([, few], [, many]) => many - few);
  if (calls.length === 0) return;
  const total = calls.reduce((sum, [, times]) => sum + times, 0);
  const told = calls.slice(0, MOST_CALLS).map(([call, times]) => `${call} ${times}×`);
  if (calls.length > MOST_CALLS) told.push(`${calls.length - MOST_CALLS} more`);
  note(`${counted(total, "call")} went ahead on data that another thread could change: ${told.join(", ")}`);
}

/** No loss is silent. */
function sayGaps({ incomplete, guesses, kept }: RunReport): void {
  if (kept > 0) note(`${paint("red", "refused", STDERR)}: ${counted(kept, "act")} on isoline itself, its supervisor`);
  for (const { reason, count } of incomplete)
    note(`${paint("yellow", "incomplete", STDERR)}: ${harmless(reason)} (${counted(count, "time")})`);
  if (guesses > 0)
    note(`${counted(guesses, "event")} came from a process whose parent ended before the sensor could read it`);
}
