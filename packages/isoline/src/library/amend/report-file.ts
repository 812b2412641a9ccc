/** Reads the departures out of the report of a run. */
import { readRegular } from "../../store/bounded-file.ts";
import { bad, type Departed, DepartureReader, readHead } from "./departed.ts";

/** Ten thousand departures with paths of a thousand bytes each need a third of it. */
const MOST_REPORT_BYTES = 128 * 1024 * 1024;

export function readReport(path: string): Departed {
  const bytes = readRegular(path, MOST_REPORT_BYTES, "a report");
  return departedIn(jsonOf(bytes.toString("utf8"), path), path);
}

/** The same for a report that is at hand. */
export function departedIn(report: unknown, source: string): Departed {
  const head = readHead(report, source);
  const { departures } = report as { departures?: unknown };
  if (!Array.isArray(departures)) throw bad(source, "it has no list of departures");
  const reader = new DepartureReader(source);
  for (const departure of departures) reader.read(departure);
  return { ...head, departures: reader.departures, tasks: reader.tasks };
}

export function jsonOf(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(source, "expected a report of isoline, got a file that is not JSON");
  }
}
