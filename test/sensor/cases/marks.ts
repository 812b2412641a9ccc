/** Groups of fanotify and their marks. */
import type { Case } from "../case.ts";
import { call, must, result, UNMAPPED } from "../script.ts";

const FAN_CLASS_CONTENT = 4;
const FAN_CLASS_PRE_CONTENT = 8;
const FAN_REPORT_PIDFD = 0x80;
const FAN_REPORT_FID = 0x200;
const FAN_REPORT_DFID_NAME = 0xc00;
const FAN_UNLIMITED_QUEUE = 0x10;
const FAN_CLOEXEC = 1;
const ADD = 1;
const REMOVE = 2;
const DONT_FOLLOW = 4;
const MOUNT = 0x10;
const IGNORED = 0x20;
const FLUSH = 0x80;
const FILESYSTEM = 0x100;
const FAN_OPEN = 0x20;
const FAN_OPEN_PERM = 0x1_0000;
const FAN_EVENT_ON_CHILD = 0x800_0000;
const AT_FDCWD = -100;
const O_RDWR = 2;

export const marks: readonly Case[] = [
  {
    does: "marks of fanotify",
    by: "root",
    calls: [
      must(call("fanotify_init", FAN_CLOEXEC, O_RDWR)),
      call("fanotify_mark", result(0), ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, "dir"),
      call("fanotify_mark", result(0), ADD | MOUNT, FAN_OPEN, AT_FDCWD, "file"),
      call("fanotify_mark", result(0), ADD | FILESYSTEM | IGNORED, FAN_OPEN, AT_FDCWD, "link"),
      call("fanotify_mark", result(0), ADD | DONT_FOLLOW, FAN_OPEN, AT_FDCWD, "link"),
      call("fanotify_mark", result(0), REMOVE, FAN_OPEN, AT_FDCWD, "dir"),
      call("fanotify_mark", result(0), FLUSH, 0, AT_FDCWD, 0),
    ],
    events: [
      "fanotify group=notify access=read,write",
      "fanotify-mark group=notify access=read,write scope=object events=open,on-child path=./dir",
      "fanotify-mark scope=mount events=open path=./file",
      "fanotify-mark scope=filesystem,ignore events=open path=./file",
      "fanotify-mark scope=object events=open path=./link",
    ],
  },
  {
    does: "marks of fanotify by descriptor and class",
    by: "root",
    calls: [
      must(call("open", "file", 0)),
      must(call("fanotify_init", FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE, 0)),
      call("fanotify_mark", result(1), ADD, FAN_OPEN_PERM, result(0), 0),
      call("fanotify_mark", result(1), ADD, FAN_OPEN_PERM, AT_FDCWD, 0),
      call("fanotify_mark", result(0), ADD, FAN_OPEN_PERM, AT_FDCWD, "file"),
      call("fanotify_mark", 99, ADD, FAN_OPEN_PERM, AT_FDCWD, "file"),
      call("fanotify_mark", result(1), ADD, FAN_OPEN_PERM, AT_FDCWD, "none"),
      call("fanotify_mark", result(1), ADD, FAN_OPEN_PERM, AT_FDCWD, UNMAPPED),
      call("fanotify_init", FAN_CLASS_PRE_CONTENT, 0),
    ],
    events: [
      "open access=read path=./file",
      "fanotify group=content,unlimited-queue access=read",
      "fanotify-mark group=content,unlimited-queue access=read scope=object events=open-permission path=./file",
      "fanotify group=pre-content access=read",
    ],
  },
  {
    does: "marks of fanotify that report pidfds",
    by: "root",
    calls: [call("fanotify_init", FAN_REPORT_PIDFD, 0), call("fanotify_init", FAN_REPORT_PIDFD | FAN_REPORT_FID, 0)],
    events: [
      "fanotify group=notify,report-pidfd access=read",
      "fanotify group=notify,report-pidfd,report-fid access=none",
    ],
    told: "300: errno 22\n300: errno 22\nexit 0\n",
  },
  {
    does: "marks of fanotify without rights",
    by: "user",
    calls: [
      call("fanotify_init", FAN_CLASS_CONTENT, 0),
      must(call("fanotify_init", FAN_REPORT_FID | FAN_REPORT_DFID_NAME, 0)),
      call("fanotify_mark", result(1), ADD, FAN_OPEN, AT_FDCWD, "file"),
    ],
    events: [
      "fanotify group=content access=read",
      "fanotify group=notify,report-fid,report-dir-fid,report-name access=none",
      "fanotify-mark access=none scope=object events=open path=./file",
    ],
  },
];
