/** Ordinary programs, and small changes of their environment that make them do something else. */
import { renameSync } from "node:fs";
import type { Aftermath, Deviation, Work } from "../deviation.ts";
import { logged } from "./execution.ts";

const shell =
  (script: string, env: Record<string, string> = {}) =>
  (): Work => ({ command: ["/bin/sh", "-c", script], env });
const python = (script: string) => (): Work => ({ command: ["/usr/bin/python3", "-I", "-S", "-c", script] });
const printed =
  (text: string) =>
  ({ stdout }: Aftermath) =>
    stdout.includes(text);

const catsData = shell("cat data; true");
const catsInner = shell("cat dir/inner");
const catsAlias = shell("cat alias");
const runsUser = shell("./user; true");

export const scripts: readonly Deviation[] = [
  {
    learnt: "a script is executed",
    departs: "a shell that already runs reads it instead",
    work: shell("./script; echo more >> log"),
    instead: shell(". ./script; echo more >> log"),
    acts: ["open access=read path=$CWD/script"],
    happened: logged("done"),
  },
  {
    learnt: "a script is given to a shell",
    departs: "it is executed instead",
    work: shell("sh ./script; true"),
    instead: shell("./script; true"),
    acts: ["exec path=$CWD/script", "…"],
    happened: logged("done"),
  },
  {
    learnt: "a script is executed",
    departs: "its content has changed, by one word",
    work: shell("./script; true"),
    change: (place) => place.replace("script", "#!/bin/sh\necho gone >> log\n"),
    acts: ["exec path=$CWD/script", "…"],
    happened: logged("gone"),
  },
  {
    learnt: "a script is executed, and the interpreter that it names",
    departs: "the interpreter has changed, by a zero byte at its end",
    lay: (place) => {
      place.copy("/bin/sh", "shell");
      place.write("named", "#!./shell\necho done >> log\n", 0o755);
    },
    work: shell("./named; true"),
    change: (place) => place.append("shell", "\0"),
    acts: ["exec path=$CWD/named", "…"],
    happened: logged("done"),
  },
  {
    learnt: "one program reads a file, a second program another file",
    departs: "the second program reads the first file",
    work: shell("cat data; head -n 1 list"),
    instead: shell("cat data; head -n 1 data"),
    acts: ["open access=read path=$CWD/data"],
    happened: ({ stdout }) => stdout === "data\ndata\n",
  },
  {
    learnt: "a shell runs one program",
    departs: "it also runs another program",
    work: shell("cat data; true"),
    instead: shell("cat data; sort list"),
    acts: ["exec path=/usr/bin/sort", "…"],
    happened: printed("list"),
  },
  {
    learnt: "an interpreter reads a file",
    departs: "with other arguments it reads another file",
    needs: "/usr/bin/python3",
    work: python("print(open('data').read())"),
    instead: python("print(open('secret').read())"),
    acts: ["open access=read path=$CWD/secret"],
    happened: printed("secret"),
  },
  {
    learnt: "an interpreter is given a script",
    departs: "it is given another script that does the same",
    needs: "/usr/bin/python3",
    lay: (place) => ["main.py", "other.py"].forEach((name) => place.write(name, "print(open('data').read())\n")),
    work: shell("/usr/bin/python3 -I -S main.py; true"),
    instead: shell("/usr/bin/python3 -I -S other.py; true"),
    acts: ["exec path=/usr/bin/python3", "…"],
    happened: printed("data"),
  },
  {
    learnt: "a multi-call program is called by one of its names",
    departs: "it is called by another name",
    needs: "busybox",
    work: shell("busybox cat data; true"),
    instead: shell("busybox head -n 1 data; true"),
    acts: ["exec path=/usr/bin/busybox", "…"],
    happened: printed("data"),
  },
  {
    learnt: "a program is started",
    departs: "the dynamic loader is executed, and starts it",
    work: shell("./user; true"),
    instead: shell("/lib64/ld-linux-x86-64.so.2 ./user; true"),
    acts: ["exec path=/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "…"],
    happened: logged("used"),
  },
];

export const surroundings: readonly Deviation[] = [
  {
    learnt: "a program loads its library",
    departs: "`LD_PRELOAD` makes it load another library first",
    work: runsUser,
    instead: shell("LD_PRELOAD=./spy.so ./user; true"),
    acts: ["open access=read path=$CWD/spy.so", "map access=execute path=$CWD/spy.so"],
    happened: logged("spied"),
  },
  {
    learnt: "a program loads its library",
    departs: "the library under the same path has another content",
    work: runsUser,
    change: (place) => place.copy("spy.so", "plain.so"),
    acts: ["map access=execute path=$CWD/plain.so"],
    happened: logged("spied"),
  },
  {
    learnt: "a command is found along `PATH`",
    departs: "a directory with another command of that name comes first",
    lay: (place) => place.write("bin/cat", "#!/bin/sh\necho deviated\n", 0o755),
    work: catsData,
    instead: shell("PATH=./bin:$PATH; cat data"),
    acts: ["exec path=$CWD/bin/cat", "…"],
    happened: printed("deviated"),
  },
  {
    learnt: "git starts the configured ssh",
    departs: "`GIT_SSH_COMMAND` names another program",
    needs: "git",
    lay: (place) => {
      place.write("bin/ssh", "#!/bin/sh\nexit 1\n", 0o755);
      place.write("bin/other", "#!/bin/sh\necho deviated >> log\n", 0o755);
    },
    work: (place) => shell("git ls-remote ssh://localhost/x; true", { GIT_SSH_COMMAND: place.at("bin/ssh") })(),
    instead: (place) => shell("git ls-remote ssh://localhost/x; true", { GIT_SSH_COMMAND: place.at("bin/other") })(),
    acts: ["exec path=$CWD/bin/other", "…"],
    happened: logged("deviated"),
  },
  {
    learnt: "bash runs a command",
    departs: "`BASH_ENV` names a file that it reads first",
    needs: "bash",
    lay: (place) => place.write("first", "echo deviated\n"),
    work: () => ({ command: ["/bin/bash", "-c", "echo done"] }),
    instead: () => ({ command: ["/bin/bash", "-c", "echo done"], env: { BASH_ENV: "./first" } }),
    acts: ["open access=read path=$CWD/first"],
    happened: printed("deviated"),
  },
  {
    learnt: "node runs a script",
    departs: "`NODE_OPTIONS` names a module that it loads first",
    lay: (place) => {
      place.write("main.cjs", "console.log('done')\n");
      place.write("first.cjs", "console.log('deviated')\n");
    },
    work: () => ({ command: [process.execPath, "main.cjs"] }),
    instead: () => ({ command: [process.execPath, "main.cjs"], env: { NODE_OPTIONS: "--require ./first.cjs" } }),
    acts: ["open access=read path=$CWD/first.cjs"],
    happened: printed("deviated"),
  },
];

export const changes: readonly Deviation[] = [
  {
    learnt: "a symbolic link is followed to a file",
    departs: "its target is another file",
    work: catsAlias,
    change: (place) => {
      place.remove("alias");
      place.symlink("secret", "alias");
    },
    acts: ["open access=read path=$CWD/secret"],
    happened: printed("secret"),
  },
  {
    learnt: "a file in a directory is read",
    departs: "the directory has been renamed, and the file is read there",
    work: catsInner,
    change: (place) => renameSync(place.at("dir"), place.at("moved")),
    instead: shell("cat moved/inner"),
    acts: ["open access=read path=$CWD/moved/inner"],
    happened: printed("inner"),
  },
  {
    learnt: "a file in a directory is read",
    departs: "a directory above it is a symbolic link to another directory",
    lay: (place) => {
      place.folder("others");
      place.write("others/inner", "other\n");
    },
    work: catsInner,
    change: (place) => {
      renameSync(place.at("dir"), place.at("moved"));
      place.symlink("others", "dir");
    },
    acts: ["open access=read path=$CWD/others/inner"],
    happened: printed("other"),
  },
  {
    learnt: "a file is read",
    departs: "every user may write it now",
    work: catsData,
    change: (place) => place.write("data", "data\n", 0o666),
    acts: ["open access=read path=$CWD/data mode=0100666"],
    happened: printed("data"),
  },
  {
    learnt: "a file is read, under the exact lens",
    departs: "its content has changed",
    lens: "exact",
    work: catsData,
    change: (place) => place.write("data", "DATA\n"),
    acts: ["open access=read path=$CWD/data"],
    happened: printed("DATA"),
  },
  {
    learnt: "a file is read, under the default lens",
    departs: "its content has changed",
    work: catsData,
    change: (place) => place.write("data", "DATA\n"),
    acts: [],
    because: "content of data does not count there; the exact lens sees it",
    happened: printed("DATA"),
  },
  {
    learnt: "a file in a directory is read, under the default lens",
    departs: "another directory with such a file has been put in its place",
    work: catsInner,
    change: (place) => {
      renameSync(place.at("dir"), place.at("moved"));
      place.folder("dir");
      place.write("dir/inner", "other\n");
    },
    acts: [],
    because: "path, owner and mode are the same, and content of data does not count; the exact lens sees it",
    happened: printed("other"),
  },
  {
    learnt: "a child that outlives its parent reads a file",
    departs: "it reads another file, long after its parent has ended",
    work: shell("(sleep 0.2; cat data) &"),
    instead: shell("(sleep 0.2; cat secret) &"),
    acts: ["open access=read path=$CWD/secret"],
    happened: printed("secret"),
  },
  {
    learnt: "a child is started",
    departs: "its environment is read through `/proc`",
    work: shell("sleep 0.3 & cat data; wait"),
    instead: shell("sleep 0.3 & cat data /proc/$!/environ; wait", { SECRET: "hidden" }),
    acts: ["open access=read path=/proc/"],
    happened: printed("hidden"),
  },
];
