/** What a user is told of what could not be told. */
import { equal, match, ok } from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, endAll, learn, program, report } from "../asking.mjs";
import { programsMissing } from "../bpf-programs.mjs";

const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";
/** So long that three thousand records fill a ring: each has its path. */
const deep = Array(14).fill("d".repeat(200)).join("/");

/**
 * How often a measurement is incomplete for a reason.
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

  test("what a process does after an exec that could not be told is not taken for what it did before", async () => {
    const { child, ask, hear, say, end, over } = begin(
      ...["check", "asking.contour", "--sensor", "bpf", "-q", "--report", "became.json"],
    );
    await hear();
    child.kill("SIGSTOP");
    equal(await ask(`flood ${deep}`), 0);
    // No room is left for what is smaller, either.
    equal(await ask("flood /etc"), 0);
    say(`become ${program}`);
    match(await hear(), /^ready /);
    child.kill("SIGCONT");
    // Known to the contour, as an act of the program that was there first.
    for (let turn = 0; turn < 20; turn++) {
      equal(await ask("list /etc"), 0);
      // Until there is room again.
      await setTimeout(50);
    }
    end();
    equal(await over, 4);
    const became = report("became.json");
    ok(missing(became, "a process runs what nobody was told of") > 0, JSON.stringify(became.incomplete));
  });
});
