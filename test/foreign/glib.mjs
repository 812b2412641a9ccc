/** GLib's installed tests: some three hundred programs in C that start processes, watch files, use sockets and a bus. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { ending } from "./comparison.mjs";
import { runWorkload } from "./workload.mjs";

const descriptions = "/usr/share/installed-tests/glib";
/** Tests that measure speed, compile against the development files, or hang without isoline (a mock of a system bus). */
const LEFT_OUT =
  /^(performance|static-link|assert-msg|codegen|genmarshal|mkenums|power-profile-monitor-dbus|memory-monitor-dbus)/;

/** @typedef {{ name: string, command: readonly string[] }} Program */

/** @returns {readonly Program[]} */
export function glibPrograms() {
  if (!existsSync(descriptions)) return [];
  return readdirSync(descriptions)
    .filter((file) => file.endsWith(".test") && !LEFT_OUT.test(file))
    .sort()
    .map((file) => {
      const exec = /^Exec=(.*)$/m.exec(readFileSync(`${descriptions}/${file}`, "utf8"))?.[1] ?? "";
      return { name: file.replace(/\.test$/, ""), command: exec.split(" ") };
    });
}

/**
 * @param {Program} program @param {import("./workload.mjs").Side} side @param {number} seconds
 * @param {number | undefined} uid
 */
export async function runGlib(program, side, seconds, uid) {
  const outcome = await runWorkload({
    command: ["dbus-run-session", "--", ...program.command],
    side,
    seconds,
    uid,
    env: { G_ENABLE_DIAGNOSTIC: "0", XDG_RUNTIME_DIR: "" },
  });
  return { ...outcome, tests: tapResults(outcome) };
}

/** Results in TAP output, and the end of the program. @param {import("./workload.mjs").Outcome} outcome */
export function tapResults(outcome) {
  const { output } = outcome;
  /** @type {import("./comparison.mjs").Tests} */
  const results = new Map();
  for (const line of output.split("\n")) {
    const found = /^\s*(not ok|ok) \d+ (?:- )?([^#]*)(#.*)?$/.exec(line);
    if (!found) continue;
    const [, ok = "", name = "", directive = ""] = found;
    // Tests that their authors mark as unfinished may end either way; random seeds differ each time.
    const word = /todo/i.test(directive)
      ? "unfinished"
      : /skip/i.test(directive)
        ? "skipped"
        : ok === "ok"
          ? "passed"
          : "failed";
    results.set(name.trim().replace(/seed:\d+/, "seed"), { word, why: "" });
  }
  results.set("(end)", ending(outcome));
  return results;
}
