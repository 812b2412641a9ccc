/** Files that were opened for appending, and every call that would destroy their content. */
import type { Case } from "../case.ts";
import { call, must, result, struct } from "../script.ts";

const O_WRONLY = 1;
const O_APPEND = 0o2000;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;
/** linux/falloc.h: FALLOC_FL_PUNCH_HOLE goes with FALLOC_FL_KEEP_SIZE. */
const FALLOC_FL_PUNCH = 3;
const FS_IOC_UNRESVSP = 0x4030_5829;
const rewriting = ["open access=write path=./file"];
const emptying = ["truncate path=./file", "open access=write path=./file"];
/** fs/xfs/libxfs/xfs_fs.h, linux/f2fs.h, fs/smb/client/cifs_ioctl.h */
const ofSingleFileSystems = [
  ["XFS_IOC_ALLOCSP", 0x4030_580a, emptying],
  ["XFS_IOC_FREESP", 0x4030_580b, emptying],
  ["XFS_IOC_ALLOCSP64", 0x4030_5824, emptying],
  ["XFS_IOC_FREESP64", 0x4030_5825, emptying],
  ["F2FS_IOC_START_ATOMIC_REPLACE", 0xf519, emptying],
  ["F2FS_IOC_SEC_TRIM_FILE", 0x4018_f514, rewriting],
  ["F2FS_IOC_ABORT_ATOMIC_WRITE", 0xf505, rewriting],
  ["F2FS_IOC_RELEASE_VOLATILE_WRITE", 0xf504, rewriting],
  ["CIFS_IOC_COPYCHUNK_FILE", 0x4004_cf03, rewriting],
] as const;
/** linux/fs.h */
const RWF_NOAPPEND = 0x20;

export const appending: readonly Case[] = [
  {
    does: "ftruncate of an appended file",
    calls: [
      must(call("open", "file", O_WRONLY | O_APPEND)),
      call("ftruncate", result(0), 2),
      call("ftruncate", result(0), -1),
      call("ftruncate", 99, 0),
    ],
    events: ["open access=write,append path=./file", "truncate path=./file"],
  },
  {
    does: "ftruncate of a written file, or of memory",
    calls: [
      must(call("open", "file", O_WRONLY)),
      call("ftruncate", result(0), 2),
      must(call("memfd_create", "memory", 0)),
      call("ftruncate", result(2), 4096),
      call("ftruncate", 0, 0),
    ],
    events: ["open access=write path=./file"],
  },
  {
    does: "fcntl that clears appending",
    calls: [
      must(call("open", "file", O_WRONLY | O_APPEND)),
      call("fcntl", result(0), F_SETFL, O_APPEND | O_NONBLOCK),
      call("fcntl", result(0), F_GETFL, 0),
      call("fcntl", result(0), F_SETFL, 0),
      call("fcntl", result(0), F_GETFL, 0),
      call("fcntl", 99, F_SETFL, 0),
    ],
    events: ["open access=write,append path=./file", "open access=write path=./file"],
  },
  {
    does: "fcntl of a file that does not append",
    calls: [
      must(call("socket", 1, 1, 0)),
      call("fcntl", result(0), F_SETFL, O_NONBLOCK),
      call("fcntl", result(0), F_GETFL, 0),
    ],
    events: ["socket family=unix type=stream protocol=0"],
  },
  {
    does: "fallocate that zeroes appended data",
    calls: [
      must(call("open", "file", O_WRONLY | O_APPEND)),
      call("fallocate", result(0), 1, 0, 4096),
      call("fallocate", result(0), FALLOC_FL_PUNCH, 0, 2),
    ],
    events: ["open access=write,append path=./file", "open access=write path=./file"],
  },
  {
    does: "ioctl that unreserves appended data",
    calls: [
      must(call("open", "file", O_WRONLY | O_APPEND)),
      call(
        "ioctl",
        result(0),
        FS_IOC_UNRESVSP,
        struct([2, 0], [2, 0], [4, 0], [8, 0], [8, 2], [4, 0], [4, 0], [8, 0], [8, 0]),
      ),
    ],
    events: ["open access=write,append path=./file", "open access=write path=./file"],
  },
  ...ofSingleFileSystems.map(([name, request, seen]) => ({
    does: `${name} of an appended file`,
    calls: [
      must(call("open", "file", O_WRONLY | O_APPEND)),
      call("ioctl", result(0), request, 0),
      must(call("open", "file", O_WRONLY)),
      call("ioctl", result(2), request, 0),
      call("ioctl", 99, request, 0),
    ],
    events: ["open access=write,append path=./file", ...seen],
  })),
  {
    does: "pwritev2 that does not append",
    calls: [
      must(call("open", "file", O_WRONLY | O_APPEND)),
      call("pwritev2", result(0), Buffer.alloc(16), 0, 0, 0, RWF_NOAPPEND),
    ],
    events: ["open access=write,append path=./file", "open access=write path=./file"],
  },
];
