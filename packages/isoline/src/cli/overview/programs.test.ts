import { Contour } from "@isoline/core/contour";
import { type Credentials, type Event, LAUNCH_USER } from "@isoline/core/event";
import { iso1 } from "@isoline/core/profile";
import { expect, it } from "vitest";
import { node, npm, opens, sh } from "../../../../../test/engine/workload.ts";
import { programsOf } from "./programs.ts";

const ids = (uid: number, gid: number): Credentials => ({
  ...{ uid, euid: uid, suid: uid, fsuid: uid },
  ...{ gid, egid: gid, sgid: gid, fsgid: gid },
  capabilities: 0n,
});
const launcher = ids(LAUNCH_USER, LAUNCH_USER);

function usersOf(credentials: Credentials): readonly string[] {
  const contour = Contour.create({ profile: iso1, policy: "{}" });
  for (const task of [npm, sh, node]) contour.defineTask(task);
  const event = opens(node, "/etc/shadow");
  contour.add({ ...event, actor: { ...event.actor, credentials } } as Event);
  return programsOf(contour as unknown as Parameters<typeof programsOf>[0], true).flatMap(({ users }) => users);
}

it.each<[string, Credentials]>([
  ["the user who started it", launcher],
  ["the user who started it also in group 42", { ...launcher, egid: 42, sgid: 42, fsgid: 42 }],
  ["the user who started it in group 42", ids(LAUNCH_USER, 42)],
  ["the user who started it acting as user 0 (root)", { ...launcher, euid: 0, suid: 0, fsuid: 0 }],
  ["the user who started it able to act as user 0 (root)", { ...launcher, suid: 0 }],
  ["user 0 (root) in the group of the user who started it", ids(0, LAUNCH_USER)],
  ["user 33 in group 0 (root) and group 44", { ...ids(33, 0), sgid: 44 }],
  ["user 33", ids(33, 33)],
])("a program's rights are told whole: %s", (said, credentials) => {
  expect(usersOf(credentials)).toEqual([said]);
});
