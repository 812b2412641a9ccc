/**
 * A canister that this agent goes on with: later calls of the runtime find it by its record, `delete` waits for its end, and its report is
 * that of its contour's last run, as of every canister.
 */
import { readHostConfiguration } from "../canister/host-configuration.ts";
import { openLastReport } from "../canister/last-report.ts";
import { takeOverRecord } from "../canister/record.ts";
import { endingOf } from "../canister/supervise.ts";
import type { Result } from "../library/run.ts";
import { reportText } from "../namespace/run-report.ts";
import type { Log } from "./log.ts";

interface Adopted {
  readonly id: string;
  readonly name: string;
  readonly contour: string;
}

/** `socket` is its control socket from now on. Returns what is to be done with its result; what fails is said in the log. */
export function goOnWithCanister(
  { id, name, contour }: Adopted,
  socket: string,
  log: Log,
): (result: Result) => Promise<void> {
  const warn = (what: string, fault: unknown) =>
    log.say("warning", { namespace: name, why: `${what}: ${(fault as Error).message}` });
  let note: ReturnType<typeof takeOverRecord>;
  try {
    note = takeOverRecord(id, socket);
  } catch (fault) {
    warn("calls of the runtime do not find this agent", fault);
  }
  return async (result) => {
    try {
      const output = openLastReport(contour, await readHostConfiguration());
      try {
        output.write(reportText(result.report));
      } finally {
        output.close();
      }
    } catch (fault) {
      warn("no report of its run", fault);
    }
    try {
      note?.(endingOf(id, contour, result));
    } catch (fault) {
      warn("its end is not noted for the runtime", fault);
    }
  };
}
