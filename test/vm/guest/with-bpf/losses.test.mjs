/** What a user is told of what could not be told. */
import { equal, ok } from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { begin, cwd, endAll, learn, report } from "../asking.mjs";
import { programsMissing } from "../bpf-programs.mjs";

const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";
/** So long that a thousand records fill a ring: each has its path. */
const deep = Array(14).fill("d".repeat(200)).join("/");

/** @param {{ readonly incomplete: readonly { readonly reason: string, readonly count: number }[] }} report */
const lost = ({ incomplete }) =>
  incomplete.find(({ reason }) => reason === "the kernel could not tell of an event")?.count;

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
    ok((lost(told) ?? 0) > 0);
    equal(told.kernel.open.lost + (told.kernel.other?.lost ?? 0), lost(told));
  });
});
