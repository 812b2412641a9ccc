/** What a process gives up: capabilities, and by Landlock the use of files. */
import type { Case } from "../case.ts";
import { at, atPageEnd, call, inChild, must, poke, result, type Script, struct, UNMAPPED } from "../script.ts";

const PR_SET_NO_NEW_PRIVS = 38;
const LANDLOCK_ACCESS_FS_EXECUTE = 1;

/** `struct __user_cap_header_struct` version 3 and the data that follow it. */
const capabilities = (effective: number, permitted: number, inheritable: number): Script[] => [
  poke(0, struct([4, 0x20080522], [4, 0])),
  poke(16, struct([4, effective], [4, permitted], [4, inheritable], [4, 0], [4, 0], [4, 0])),
];

export const capabilityCases: readonly Case[] = [
  {
    does: "capset",
    calls: [...capabilities(0, 0, 0), call("capset", at(0), at(16)), call("capset", at(0), UNMAPPED)],
    events: ["capset effective=0x0 permitted=0x0 inheritable=0x0"],
  },
  {
    does: "capset of the first version, at the end of a page",
    calls: [
      poke(0, struct([4, 0x19980330], [4, 0])),
      call("capset", at(0), atPageEnd("aaaaaaaaaaa")),
      call("capset", at(0), at(65_536 - 12)),
      poke(0, struct([4, 1], [4, 0])),
      call("capset", at(0), at(16)),
      call("capset", UNMAPPED, at(16)),
    ],
    events: [
      "capset effective=0x61616161 permitted=0x61616161 inheritable=0x616161",
      "capset effective=0x0 permitted=0x0 inheritable=0x0",
    ],
  },
  {
    does: "Landlock rules of its own",
    calls: [
      must(call("landlock_create_ruleset", struct([8, LANDLOCK_ACCESS_FS_EXECUTE]), 8, 0)),
      must(call("prctl_plain", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
      must(call("landlock_restrict_self", result(0), 0)),
      call("execve", "true", 0, 0),
      inChild(call("open", "file", 0)),
    ],
    events: ["prctl option=landlock-restrict-self value=0", "exec path=./true", "open path=./file"],
  },
  {
    does: "Landlock rules that cannot be",
    calls: [
      must(call("prctl_plain", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
      must(call("open", "file", 0)),
      call("landlock_restrict_self", -1, 0),
      call("landlock_restrict_self", -2, 4),
      call("landlock_restrict_self", 999, 0),
      call("landlock_restrict_self", result(1), 0),
      call("landlock_restrict_self", -1, 0x4000_0000),
      // Only the audit log is concerned (since Linux 6.15).
      call("landlock_restrict_self", -1, 4),
    ],
    events: ["open path=./file"],
  },
  {
    does: "Landlock rules that a task has no right to",
    by: "root",
    calls: [
      ...capabilities(0, 0, 0),
      must(call("capset", at(0), at(16))),
      must(call("landlock_create_ruleset", struct([8, LANDLOCK_ACCESS_FS_EXECUTE]), 8, 0)),
      call("landlock_restrict_self", result(1), 0),
    ],
    events: ["capset effective=0x0 permitted=0x0 inheritable=0x0"],
  },
];
