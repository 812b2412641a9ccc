/**
 * A canister that another supervisor goes on with: later calls of the runtime find it by its record, `delete` waits for its end, and its
 * report is that of its contour's last run, as of every canister.
 */
import type { RunReport } from "../namespace/report.ts";
import { reportText } from "../namespace/run-report.ts";
import { readHostConfiguration } from "./host-configuration.ts";
import { openLastReport } from "./last-report.ts";
import { takeOverRecord } from "./record.ts";
import { endingOf } from "./supervise.ts";

interface TakenOver {
  readonly id: string;
  readonly contour: string;
  /** Its control socket from now on. */
  readonly socket: string;
}

/** Returns what is to be done with its report. What fails is told to `warn`, and nothing else is held up by it. */
export function goOnWithCanister(
  { id, contour, socket }: TakenOver,
  warn: (why: string) => void,
): (report: RunReport) => Promise<void> {
  const carefully = <T>(what: string, act: () => T): T | undefined => {
    try {
      return act();
    } catch (fault) {
      warn(`${what}: ${(fault as Error).message}`);
      return undefined;
    }
  };
  const note = carefully("calls of the runtime do not find this supervisor", () => takeOverRecord(id, socket));
  return async (report) => {
    const host = await readHostConfiguration().catch((fault: unknown) =>
      warn(`no report: ${(fault as Error).message}`),
    );
    if (host)
      carefully("no report", () => {
        const output = openLastReport(contour, host);
        try {
          output.write(reportText(report));
        } finally {
          output.close();
        }
      });
    carefully("its end is not noted for the runtime", () => note?.(endingOf(id, contour, report)));
  };
}
