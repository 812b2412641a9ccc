/** How losses are reported to a user. */
import { equal, match, ok } from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, endAll, learn, program, report } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

/** So long that three thousand records fill a ring: each contains its path. */
const deep = Array(14).fill("d".repeat(200)).join("/");

/**
 * The count of a reason for which a measurement is incomplete.
 * @param {{ readonly incomplete: readonly { readonly reason: string, readonly count: number }[] }} report
 * @param {string} why
 */
const missing = ({ incomplete }, why) => incomplete.find(({ reason }) => reason === why)?.count ?? 0;
const UNTOLD = "the kernel could not tell of an event";

describe("losses", { skip }, () => {
  before(async () => {
    mkdirSync(join(cwd, deep), { recursive: true });
    await learn(`list ${deep}`);
  });
  afterEach(() => {
    endAll();
    rmSync(join(cwd, "made"), { force: true });
  });

  test("watched: a full ring makes the measurement incomplete, and the status says so", async () => {
    const { child, ask, hear, end, over } = begin(
      "check",
      "asking.contour",
      "--sensor",
      "bpf",
      "-q",
      "--report",
      "full.json",
    );
    await hear();
    child.kill("SIGSTOP");
    equal(await ask(`flood ${deep}`), 0);
    equal(await ask("list /etc"), 0);
    child.kill("SIGCONT");
    end();
    equal(await over, 4);
    const told = report("full.json");
    ok(missing(told, UNTOLD) > 0);
    equal(told.kernel.open.lost + (told.kernel.other?.lost ?? 0), missing(told, UNTOLD));
  });

  test("the acts of a process after a lost exec are not taken for acts of its earlier program", async () => {
    const { child, ask, hear, say, end, over } = begin(
      ...["check", "asking.contour", "--sensor", "bpf", "-q", "--report", "became.json"],
    );
    await hear();
    child.kill("SIGSTOP");
    equal(await ask(`flood ${deep}`), 0);
    // No space is left for a smaller record, either.
    equal(await ask("flood /etc"), 0);
    say(`become ${program}`);
    match(await hear(), /^ready /);
    child.kill("SIGCONT");
    // On the contour, as an act of the earlier program.
    for (let turn = 0; turn < 20; turn++) {
      equal(await ask("list /etc"), 0);
      // Until the ring has space again.
      await setTimeout(50);
    }
    end();
    equal(await over, 4);
    const became = report("became.json");
    ok(missing(became, "a process runs a program whose exec was lost") > 0, JSON.stringify(became.incomplete));
  });
});
