import { describe, expect, it } from "vitest";
import { mayBegin } from "./rules.ts";

const hybrid = "4:memory:/web\n1:name=systemd:/system.slice/web.service\n0::/\n";
const unified = "0::/system.slice/web.service/worker\n";
const asking = (controlGroups: string) => ({ uid: 1000, program: "/usr/bin/node", controlGroups });

describe("who may begin a namespace", () => {
  it("without a rule no process may", () => {
    expect(mayBegin([], asking(unified))).toBe(false);
  });

  it.each([
    ["the user", { users: [7, 1000] }, true],
    ["another user", { users: [0] }, false],
    ["the program", { programs: ["/usr/bin/node"] }, true],
    ["a path that only begins alike", { programs: ["/usr/bin/no"] }, false],
    ["the group itself", { controlGroups: ["/system.slice/web.service/worker"] }, true],
    ["a group above", { controlGroups: ["/system.slice/web.service"] }, true],
    ["a group whose name only begins alike", { controlGroups: ["/system.slice/web"] }, false],
    ["a user in another group", { users: [1000], controlGroups: ["/system.slice/db.service"] }, false],
    ["a user with another program", { users: [1000], programs: ["/usr/bin/perl"] }, false],
  ])("a rule with %s", (_, rule, allowed) => {
    expect(mayBegin([{ users: [1] }, rule], asking(unified))).toBe(allowed);
  });

  it("of several hierarchies, those of the service manager count", () => {
    expect(mayBegin([{ controlGroups: ["/system.slice/web.service"] }], asking(hybrid))).toBe(true);
    expect(mayBegin([{ controlGroups: ["/web"] }], asking(hybrid))).toBe(false);
  });

  it("a program that cannot be told fits no rule that names one", () => {
    expect(mayBegin([{ programs: ["/usr/bin/node"] }], { ...asking(unified), program: undefined })).toBe(false);
  });
});
