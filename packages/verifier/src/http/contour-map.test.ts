import { writeContour } from "@isoline/core/contour";
import type { Event, Subject } from "@isoline/core/event";
import { expect, it } from "vitest";
import { event, learnt, node, opens, root } from "../../../../test/engine/workload.ts";
import { contourMapOf } from "./contour-map.ts";

const read = opens(node, "/etc/passwd");
const { subject } = opens(node, "/root/x") as Event & { subject: Subject<"open"> };
const mapOf = (...events: readonly Event[]) => contourMapOf("web", [...writeContour(learnt(...events))].join(""));

it("says as which user programs act, and of each act where there are several", () => {
  const one = mapOf(read);
  expect([one.users, one.programs[0]?.acts[0]?.user]).toEqual([["user 1000"], undefined]);
  const both = mapOf(read, event(node, "open", subject, root));
  expect(both.users.toSorted()).toEqual([expect.stringMatching(/^user 0 \(root\) with /), "user 1000"]);
  const acts = both.programs[0]?.acts.map(
    ({ target, user }) => `${/path=(\S+)/.exec(target)?.[1]} ${both.users[user ?? 9]?.slice(0, 9)}`,
  );
  expect(acts?.toSorted()).toEqual(["/etc/passwd user 1000", "/root/x user 0 (r"]);
});
