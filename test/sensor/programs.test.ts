/** Static and dynamic programs, programs with the set-user-id bit, and other processes of the machine as targets. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, linkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { call, execution, inChild, inThread, must, type Script } from "./script.ts";
import { isBuilt, PLAIN } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

const open = call("open", "file", 0);
const SIGURG = 23;
const AMONG = { incomplete: [], guesses: 0 };

describe.skipIf(!compiler || !isBuilt)("programs (needs gcc and a build)", () => {
  it("a static program shows itself and what it does", async () => {
    const bench = new Bench();
    try {
      const outcome = await bench.run([open, inThread(inChild(open))]);
      expect(bench.acts(outcome)).toEqual([
        expect.stringMatching(/^exec path=\.\/probe .* digest=[0-9a-f]{64} loader=$/),
        expect.stringMatching(/^open access=read path=\.\/file /),
      ]);
      expect(outcome.report).toMatchObject(AMONG);
    } finally {
      bench.close();
    }
  });

  it("a dynamic program shows its loader and every library that it maps, by content", async () => {
    const bench = new Bench(undefined, "-no-pie");
    try {
      const outcome = await bench.run([open, inThread(inChild(open))]);
      const acts = bench.acts(outcome);
      expect(acts[0]).toMatch(
        /^exec path=\.\/probe .* digest=[0-9a-f]{64} loader=\/\S*\/ld-linux-x86-64\.so\.2@[0-9a-f]{64}$/,
      );
      expect(acts).toContainEqual(
        expect.stringMatching(/^map access=execute path=\/\S*\/libc\.so\.6 .* digest=[0-9a-f]{64}$/),
      );
      expect(acts.at(-1)).toMatch(/^open access=read path=\.\/file /);
      expect(outcome.report).toMatchObject(AMONG);
    } finally {
      bench.close();
    }
  });

  it("io_uring is allowed if the policy says so, and seen all the same", async () => {
    const bench = new Bench();
    try {
      const setup = call("io_uring_setup", 1, Buffer.alloc(120));
      const native = spawnSync(bench.at("probe"), [...setup], { encoding: "utf8" });
      const outcome = await bench.run([setup], { policy: { ...PLAIN, iouring: "allow" } });
      expect(outcome.stdout).toBe(native.stdout);
      expect(bench.acts(outcome).slice(1)).toEqual(["iouring"]);
    } finally {
      bench.close();
    }
  });

  it("a pipeline of ordinary tools works as without isoline", async () => {
    const bench = new Bench();
    try {
      const command = ["sh", "-c", "ls | sort | tr a-z A-Z | head -3; cat none; exec printf '%s\\n' done"];
      const native = spawnSync(command[0] as string, command.slice(1), { cwd: bench.directory, encoding: "utf8" });
      const { stdout, stderr, report } = await bench.run([], { command });
      expect(stdout).toBe(native.stdout);
      expect(stderr).toBe(native.stderr);
      expect(report).toMatchObject(AMONG);
    } finally {
      bench.close();
    }
  });
});

describe.skipIf(!compiler || !isBuilt || !isRoot)("set-user-id programs (needs gcc, a build, root)", () => {
  it("keep working under root, and act with the ids they take on", async () => {
    const bench = new Bench();
    try {
      copyFileSync(bench.at("probe"), bench.at("set-uid"));
      chownSync(bench.at("set-uid"), NOBODY, NOBODY);
      chmodSync(bench.at("set-uid"), 0o4755);
      const { events } = await bench.run(execution("./set-uid", open));
      expect(events.map(({ uid, act }) => `${uid} ${act.split(" ")[0]}`)).toEqual([
        "0 exec",
        "0 exec",
        `${NOBODY} open`,
      ]);
      expect(events[1]?.act).toContain("mode=0104755");
    } finally {
      bench.close();
    }
  });

  it("gain nothing under an ordinary user", async () => {
    const bench = new Bench(NOBODY);
    try {
      copyFileSync(bench.at("probe"), bench.at("set-uid"));
      chownSync(bench.at("set-uid"), 0, 0);
      chmodSync(bench.at("set-uid"), 0o4755);
      const { events, stdout } = await bench.run(execution("./set-uid", open, call("open", "/etc/shadow", 0)));
      expect(stdout).toBe("2: ok\n2: errno 13\n");
      expect(events.map(({ uid, act }) => `${uid} ${act.split(" ")[0]}`)).toEqual([
        `${NOBODY} exec`,
        `${NOBODY} exec`,
        `${NOBODY} open`,
      ]);
    } finally {
      bench.close();
    }
  });
});

describe.skipIf(!compiler || !isBuilt || !isRoot)("processes outside the namespace (needs gcc, a build, root)", () => {
  let stranger: ChildProcess;
  let calls: Script[] = [];
  beforeAll(() => {
    stranger = spawn("sleep", ["120"], { detached: true });
    const pid = stranger.pid as number;
    calls = [
      call("kill", pid, SIGURG),
      call("kill", -pid, SIGURG),
      call("process_vm_readv", pid, 0, 0, 0, 0, 0),
      must(call("pidfd_open", pid, 0)),
      call("pidfd_send_signal", { word: "$3" }, SIGURG, 0, 0),
      call("pidfd_getfd", { word: "$3" }, 0, 0),
      call("ptrace", 0x4206, pid, 0, 0),
    ];
  });
  afterAll(() => {
    stranger?.kill("SIGKILL");
  });

  it("are told from those inside", async () => {
    const bench = new Bench();
    try {
      linkSync(bench.at("probe"), bench.at("second"));
      expect(bench.acts(await bench.run(calls)).slice(1)).toEqual([
        "kill signal=23 relation=outside",
        "kill signal=23 relation=outside-group",
        "vm access=read relation=outside",
        "getfd relation=outside",
        "ptrace request=seize relation=outside",
      ]);
    } finally {
      bench.close();
    }
  });

  it("are not joined without an act: a signal to the own group would reach them", async () => {
    const member = spawn("perl", ["-e", "$| = 1; setpgrp; print qq(ready\n); sleep 120"]);
    const bench = new Bench();
    try {
      await once(member.stdout, "data");
      const joins = call("setpgid", 0, member.pid as number);
      const outcome = await bench.run([joins, call("kill", 0, SIGURG)]);
      expect(bench.acts(outcome).slice(1)).toEqual([
        "adjust call=setpgid relation=outside-group",
        "kill signal=23 relation=own-group",
      ]);
      expect(outcome.stdout).toBe("109: ok\n62: ok\n");
    } finally {
      bench.close();
      member.kill("SIGKILL");
    }
  });

  it("do not exist for a user who may not reach them", async () => {
    const bench = new Bench(NOBODY);
    try {
      const outcome = await bench.run(calls);
      expect(
        bench
          .acts(outcome)
          .slice(1)
          .filter((act) => act.startsWith("kill")),
      ).toEqual([]);
      expect(outcome.stdout).toContain("62: errno 1\n62: errno 1\n");
    } finally {
      bench.close();
    }
  });
});
