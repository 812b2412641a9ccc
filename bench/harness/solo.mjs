/**
 * Runs one benchmark in this process, which `run.mjs` started for it, so that no benchmark sees the heap, the compiled code or
 * the open files of another.
 */
import { Session } from "./session.mjs";

/**
 * @typedef {object} Measurable
 * @property {string} title
 * @property {string} method how it was measured, for readers
 * @property {number} [minutes] that it may take, where the usual ones are too few
 * @property {(session: Session) => Promise<readonly import("./comparison.mjs").Comparison[]>} run
 */

const [name = "", setting = "{}"] = process.argv.slice(2);
/** @param {unknown} message */
const tell = (message) => new Promise((resolve) => process.send?.(message, undefined, {}, resolve));
const session = new Session(JSON.parse(setting), (text) => process.stderr.write(`  ${text}\n`));

try {
  const { benchmark } = await import(`../${name}.bench.mjs`);
  if (benchmark.minutes !== undefined) await tell({ minutes: benchmark.minutes });
  const comparisons = await benchmark.run(session);
  await tell({ title: benchmark.title, method: benchmark.method, comparisons, skipped: session.skipped });
} catch (fault) {
  await tell({ fault: fault instanceof Error ? fault.message : String(fault), skipped: session.skipped });
} finally {
  session.end();
}
process.disconnect?.();
