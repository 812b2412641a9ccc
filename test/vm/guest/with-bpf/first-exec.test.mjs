/** A command whose start is refused, enforced: nothing runs, and its run has a report that says which act that was. */
import { deepEqual, match } from "node:assert/strict";
import { test } from "node:test";
import { isoline, learn, report } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

test("the start of a program that is not on the contour is the one departure of its run", { skip }, async () => {
  await learn();
  const enforced = ["run", "asking.contour", "--sensor", "bpf", "--enforce", "--report", "first.json"];
  const { status, stderr } = isoline(...enforced, "--", "/usr/bin/true");
  match(stderr, /refused, off contour: .*executed \/usr\/bin\/true/);
  const { exit, departures } = report("first.json");
  const acts = departures.map((/** @type {{ act: string, refused: number }} */ { act, refused }) => [
    act.split(" ", 2).join(" "),
    refused,
  ]);
  deepEqual([status, exit.status, acts], [126, 126, [["exec path=/usr/bin/true", 1]]]);
});
