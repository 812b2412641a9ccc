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
  /** Its control socket from now on; what this throws fails as the rest does. */
  readonly socket: () => string;
}

/** What is to be done when it ends. */
interface GoingOn {
  /** With its report. */
  readonly ended: (report: RunReport) => Promise<void>;
  /** Its supervision failed, in a process that lives on. */
  readonly lost: () => void;
}

/** What fails is told to `warn`, and nothing else is held up by it. */
export function goOnWithCanister({ id, contour, socket }: TakenOver, warn: (why: string) => void): GoingOn {
  const carefully = <T>(what: string, act: () => T): T | undefined => {
    try {
      return act();
    } catch (fault) {
      warn(`${what}: ${(fault as Error).message}`);
      return undefined;
    }
  };
  const note = carefully("calls of the runtime do not find this supervisor", () => takeOverRecord(id, socket()));
  const notEnded = "its end is not noted for the runtime";
  const ended = async (report: RunReport) => {
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
    carefully(notEnded, () => note?.ended(endingOf(id, contour, report)));
  };
  return { ended, lost: () => carefully(notEnded, () => note?.lost()) };
}
