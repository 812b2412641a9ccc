import { describe, expect, it } from "vitest";
import { executes, image, learnt, npm, opens, sh } from "../../../../../test/engine/workload.ts";
import { deriveTask, type Task } from "../../identity/task.ts";
import { iso1Point } from "../../profile/iso1.ts";
import type { Event } from "../../event/event.ts";
import { type Proposal, settle } from "./proposal.ts";

const git = deriveTask(sh.id, [image("/usr/bin/git"), image("/lib/ld.so")]);
const helper = deriveTask(sh.id, [image("/usr/bin/git"), image("/lib/ld.so")], { runs: ["class:credential"] });
const contour = learnt(opens(npm, "$CWD/a"), opens(sh, "$CWD/a"));

const proposal = (event: Event, chain: readonly Task[], more: Partial<Proposal> = {}): Proposal => ({
  event,
  point: iso1Point(event),
  chain,
  names: [],
  class: "new",
  contents: [],
  moves: [],
  count: 1,
  refused: 0,
  ...more,
});

const starts = proposal(executes(sh, "/usr/bin/git"), [npm, sh]);
const acts = proposal(opens(git, "$CWD/.git/config"), [npm, sh, git]);
const helps = proposal(opens(helper, "$HOME/.git-credentials"), [npm, sh, helper]);

describe("settling what was chosen", () => {
  it("takes what a new program does together with its execution, and not without", () => {
    expect(settle([starts, acts], [starts, acts], contour).added).toEqual([starts, acts]);
    expect(settle([acts], [starts, acts], contour)).toMatchObject({ added: [], orphaned: [acts] });
  });

  it("does not take the execution of a program for that of the same program called otherwise", () => {
    expect(settle([starts, helps], [starts, helps], contour)).toMatchObject({ added: [starts], orphaned: [helps] });
  });

  it("takes nothing by an execution that cannot be accepted itself", () => {
    const open = { ...starts, open: "its content is not known" };
    expect(settle([open, acts], [open, acts], contour)).toMatchObject({ added: [], orphaned: [acts], open: [open] });
  });
});
