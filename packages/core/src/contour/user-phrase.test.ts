import { expect, it } from "vitest";
import { type Credentials, LAUNCH_USER } from "../event/index.ts";
import { userPhrase } from "./user-phrase.ts";

const ids = (uid: number, gid: number): Credentials => ({
  ...{ uid, euid: uid, suid: uid, fsuid: uid },
  ...{ gid, egid: gid, sgid: gid, fsgid: gid },
  capabilities: 0n,
});
const launcher = ids(LAUNCH_USER, LAUNCH_USER);

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
  expect(userPhrase(credentials)).toEqual(said);
});
