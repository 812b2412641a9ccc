/** How code comes to run: programs and memory. */
import { readFileSync } from "node:fs";
import { at, call, callNumber, inChild, must, result } from "../../sensor/script.ts";
import {
  argv,
  departure,
  MAP_PRIVATE,
  O_APPEND,
  O_WRONLY,
  PROT_EXEC,
  PROT_READ,
  runs,
  succeeded,
} from "../baseline.ts";
import type { Aftermath, Deviation } from "../deviation.ts";

const AT_EMPTY_PATH = 0x1000;
const MAP_ANONYMOUS = 0x20;
const PROT_WRITE = 2;
const SENDFILE = 40;

export const logged =
  (line: string) =>
  ({ place }: Aftermath): boolean =>
    readFileSync(place.at("log"), "utf8").split("\n").includes(line);

export const programs: readonly Deviation[] = [
  departure({
    learnt: "a program is executed",
    departs: "another program under the same path is executed: one zero byte longer",
    change: (place) => place.replace("tool", Buffer.concat([readFileSync(place.programs.probe), Buffer.of(0)])),
    acts: ["exec path=$CWD/tool", "…"],
    happened: logged("learnt"),
  }),
  departure(
    {
      learnt: "a program is executed",
      departs: "the same program is executed under another path",
      change: (place) => place.copy("tool", "bin/tool"),
      acts: ["exec path=$CWD/bin/tool", "…"],
      happened: logged("deviated"),
    },
    runs("bin/tool", "deviated\n"),
  ),
  departure(
    {
      learnt: "a program is executed from a file",
      departs: "its content is executed from memory (`memfd_create`)",
      acts: ["exec path=memfd:tool", "…"],
      happened: logged("deviated"),
    },
    must(call("memfd_create", "tool", 0)),
    must(call("open", "library", 0)),
    must(callNumber(SENDFILE, result(1), result(2), 0, 1 << 24)),
    inChild(
      argv("tool", ...call("open", "log", O_WRONLY | O_APPEND), ...call("write", result(0), "deviated\n", 9)),
      call("execveat", result(1), "", at(0), 0, AT_EMPTY_PATH),
    ),
  ),
];

export const memory: readonly Deviation[] = [
  departure(
    {
      learnt: "a file becomes executable memory",
      departs: "a file that is otherwise only read becomes executable memory",
      acts: ["map access=execute path=$CWD/data"],
      happened: succeeded("mmap"),
    },
    must(call("open", "data", 0)),
    call("mmap", 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, result(1), 0),
  ),
  departure(
    {
      learnt: "a file becomes executable memory",
      departs: "memory without a file becomes executable",
      acts: ["map-anonymous access=execute"],
      happened: succeeded("mmap"),
    },
    call("mmap", 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
  ),
  departure(
    {
      learnt: "a file becomes executable memory",
      departs: "memory that was written becomes executable",
      acts: ["protect access="],
      happened: succeeded("mprotect"),
    },
    must(call("mmap_plain", 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
    call("mprotect", result(1), 4096, PROT_READ | PROT_EXEC),
  ),
];
