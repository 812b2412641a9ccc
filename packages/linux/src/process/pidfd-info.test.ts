import { release } from "node:os";
import { describe, expect, it } from "vitest";
import { close, pidfdOpen } from "../abi/libc.ts";
import { actsWith, familyOf } from "./pidfd-info.ts";
import { readThreadStatus } from "./proc-status.ts";

const [major = 0, minor = 0] = release().split(".").map(Number);
const own = readThreadStatus(process.pid)?.credentials;

describe.skipIf(major < 6 || (major === 6 && minor < 13))("credentials of a process (needs Linux 6.13)", () => {
  const keeps = (change: Partial<NonNullable<typeof own>>): boolean => {
    const pidfd = pidfdOpen(process.pid, 0);
    try {
      return actsWith(process.pid, pidfd, { ...own!, ...change });
    } finally {
      close(pidfd);
    }
  };

  it("are those that /proc shows", () => {
    expect(keeps({})).toBe(true);
  });

  it.each(["uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"] as const)(
    "are others with another %s",
    (id) => {
      expect(keeps({ [id]: own![id] + 1 })).toBe(false);
    },
  );

  it.each([0n, 40n])("are others with capability %s more or less", (bit) => {
    expect(keeps({ capabilities: own!.capabilities ^ (1n << bit) })).toBe(false);
  });

  it("cannot be determined without a descriptor", () => {
    expect(actsWith(process.pid, -1, own!)).toBe(false);
  });

  it("belong to the process and parent that /proc tells", () => {
    const pidfd = pidfdOpen(process.pid, 0);
    try {
      expect(familyOf(pidfd)).toEqual({ tgid: process.pid, ppid: process.ppid });
    } finally {
      close(pidfd);
    }
  });

  it("belong to no process without a descriptor", () => {
    expect(familyOf(-1)).toBeUndefined();
  });
});
