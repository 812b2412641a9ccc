/** Task identity: many processes and threads, parents that die, programs that follow one another, reused process numbers. */
import { chmodSync, linkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import {
  call,
  execution,
  inChild,
  inClone,
  inLooseThread,
  inThread,
  inVfork,
  left,
  must,
  nap,
  post,
  type Script,
  times,
  UNMAPPED,
  wait,
} from "./script.ts";
import { isBuilt, type Outcome } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

const open = call("open", "file", 0);
const openElse = call("open", "other", 0);
/** 64 MiB of memory in use, which takes the kernel a while to give back when the process ends. */
const large = call("mmap_plain", 0, 64 << 20, 3, 0x8022, -1, 0);
const CLONE_PARENT = 0x8000;
const ADDR_NO_RANDOMIZE = 0x40000;
/** The supervisor in a pid namespace with a first process that reaps, so that a test can choose process numbers there. */
const IN_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh"];

describe.skipIf(!compiler || !isBuilt)("lineage (needs gcc and a build)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench(isRoot ? NOBODY : undefined);
    for (const name of ["first", "second", "third"]) linkSync(bench.at("probe"), bench.at(name));
  });
  beforeEach(() => bench.lay());
  afterAll(() => bench?.close());

  const sh = (name: string, text: string): void => {
    writeFileSync(bench.at(name), text);
    chmodSync(bench.at(name), 0o755);
  };
  /** Which program opened which file, by their last names. */
  const opened = ({ events }: Outcome): string[] =>
    events
      .filter(({ act }) => act.startsWith("open "))
      .map(({ program, act }) => `${last(program)} ${last(/path=(\S+)/.exec(act)?.[1] ?? "")}`);
  const last = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  const settled = { incomplete: [], guesses: 0 };

  it("five hundred children, one after the other", async () => {
    const { stdout, report, events } = await bench.run([times(500, inChild(open))]);
    expect(stdout).toBe("2: ok\nexit 0\n".repeat(500));
    expect(report).toMatchObject(settled);
    expect(report.events).toBe(501);
    expect(events.length).toBe(2);
  });

  it("two hundred children at once, of a parent that does not wait", async () => {
    const { stdout, report, events } = await bench.run([times(200, left(nap(5), open, inChild(openElse)))]);
    expect(stdout.split("\n").filter((line) => line === "2: ok").length).toBe(400);
    expect(report).toMatchObject(settled);
    expect(events.length).toBe(3);
  });

  it("a hundred threads, each with children of its own", async () => {
    const { stdout, report, events } = await bench.run([times(100, inThread(open, inChild(openElse), inVfork(open)))]);
    expect(stdout.split("\n").filter((line) => line === "2: ok").length).toBe(300);
    expect(report).toMatchObject(settled);
    expect(events.length).toBe(3);
  });

  it("the namespace lives until its last process ends", async () => {
    const daemon = inChild(must(call("setsid")), left(nap(400), call("mkdir", "new", 0o700)));
    const outcome = await bench.run([daemon]);
    expect(outcome.exit).toEqual({ state: "exited", status: 0 });
    expect(bench.acts(outcome).at(-1)).toMatch(/^mkdir path=\.\/new /);
    expect(outcome.report).toMatchObject(settled);
  });

  it("a child that was forked before its parent executed another program belongs to the first", async () => {
    const outcome = await bench.run([left(nap(300), open), ...execution("./second", openElse, nap(600))]);
    expect(opened(outcome).sort()).toEqual(["probe file", "second other"]);
    expect(outcome.report).toMatchObject(settled);
  });

  it("a child that is found while it ends needs no proof, whatever its parent executed before", async () => {
    const dying = (number: number): Script[] => [left(large, post(number)), wait(number), open];
    const outcome = await bench.run([left(), ...execution("./second", ...[1, 2, 3, 4, 5, 6].flatMap(dying))]);
    expect(opened(outcome)).toEqual(["second file"]);
    expect(outcome.report).toMatchObject(settled);
  });

  it("a child whose parent executed another program and died belongs to the first", async () => {
    const outcome = await bench.run([inChild(left(nap(300), open), ...execution("./second", openElse))]);
    expect(opened(outcome).sort()).toEqual(["probe file", "second other"]);
    expect(outcome.report).toMatchObject(settled);
  });

  it("a child created with CLONE_PARENT belongs to its creator's program", async () => {
    const outcome = await bench.run([inChild(...execution("./second", inClone(CLONE_PARENT, open))), openElse]);
    expect(opened(outcome).sort()).toEqual(["probe other", "second file"]);
    expect(outcome.report).toMatchObject(settled);
  });

  const orphans = (): Script[] => {
    const silent = (path: string): Script => inChild(...execution(path, left(nap(50))));
    return [silent("./first"), inChild(...execution("./second", left(nap(300), open)))];
  };

  it("an orphan with several possible parents is recognised by the address of its program", async () => {
    const outcome = await bench.run(orphans());
    expect(opened(outcome)).toEqual(["second file"]);
    expect(outcome.report).toMatchObject(settled);
  });

  it("if that decides nothing, it is reported", async () => {
    const outcome = await bench.run([
      must(call("personality", ADDR_NO_RANDOMIZE)),
      ...execution("./probe", ...orphans()),
    ]);
    expect(opened(outcome)).toEqual(["second file"]);
    expect(outcome.report).toMatchObject({
      guesses: 1,
      incomplete: [{ reason: "the parent of a process could not be proven", count: 1 }],
    });
  });

  it("an exec without address randomisation is seen", async () => {
    const calls = [
      must(call("personality", ADDR_NO_RANDOMIZE)),
      ...execution("./first", ...execution("./third", open)),
    ];
    const outcome = await bench.run(calls);
    expect(opened(outcome)).toEqual(["third file"]);
  });

  it("a failed exec changes nothing, whatever else ends meanwhile", async () => {
    const fails = call("execve", "./second", UNMAPPED, 0);
    const outcome = await bench.run([inLooseThread(fails, nap(300), open), nap(100), call("exit", 0)]);
    expect(opened(outcome)).toEqual(["probe file"]);
  });

  it("scripts of one interpreter that follow one another are told apart, randomised or not", async () => {
    sh("one.sh", "#!/bin/sh\n: <file\nexec ./two.sh\n");
    sh("two.sh", "#!/bin/sh\n: <other\nexec ./six.sh\n");
    sh("six.sh", "#!/bin/sh\n: <file\nexec ./ten.sh\n");
    sh("ten.sh", "#!/bin/sh\n: <other\n");
    for (const command of [["./one.sh"], ["setarch", "-R", "./one.sh"]]) {
      const outcome = await bench.run([], { command });
      const ours = opened(outcome).filter((each) => /(file|other)$/.test(each));
      expect([command[0], ...ours]).toEqual([command[0], "one.sh file", "two.sh other", "six.sh file", "ten.sh other"]);
    }
  });

  it("pipelines and subshells of a shell", async () => {
    sh(
      "pipes.sh",
      "#!/bin/sh\n(cat <file | cat >/dev/null) & (: <other; (./second call 2 =file 0 0 ';' >/dev/null &))\nwait\nsleep 0.3\n",
    );
    const outcome = await bench.run([], { command: ["./pipes.sh"] });
    expect(outcome.report).toMatchObject(settled);
    expect(
      opened(outcome)
        .filter((each) => /(file|other)$/.test(each))
        .sort(),
    ).toEqual(["pipes.sh file", "pipes.sh other", "second file"]);
  });

  it.skipIf(!isRoot)("a reused process number is another process (needs root)", async () => {
    const root = new Bench();
    try {
      linkSync(root.at("probe"), root.at("first"));
      linkSync(root.at("probe"), root.at("second"));
      const again = [
        "./first call 2 =file 0 0 ';' & p=$!; wait $p",
        "echo $((p - 1)) >/proc/sys/kernel/ns_last_pid; ./second call 2 =other 0 0 ';' & q=$!; wait $q",
        '[ "$p" = "$q" ] && echo same',
      ].join("\n");
      const outcome = await root.run([], { command: ["sh", "-c", again], within: IN_PID_NAMESPACE });
      expect(outcome.stdout).toBe("2: ok\n2: ok\nsame\n");
      expect(opened(outcome).filter((each) => /(file|other)$/.test(each))).toEqual(["first file", "second other"]);
      expect(outcome.report).toMatchObject(settled);
    } finally {
      root.close();
    }
  });
});
