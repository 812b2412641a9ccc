/** A hostile process inside tries to answer in the person's place, in every way by which it could get there. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { AskingPlace, STARVED_MS } from "./run.ts";

const PYTHON = "/usr/bin/python3";
const inside = fileURLToPath(new URL("./inside.py", import.meta.url));
const REFUSED = "1";
/** Root can mount in a private checkout as well. */
const mounts = process.geteuid?.() === 0 ? ["mount", "directory-mount", "parent-mount", "cover"] : [];
/** Refused whatever the mode and the contour say, also where everything else goes ahead. */
const toSocket = [
  "path",
  "symlink",
  "directory-symlink",
  "hard-link",
  "rename",
  "directory-rename",
  "descriptor",
].concat(["own-root", "outside-root", "unlink", "chmod", "list", "bind"], mounts);
/** Refused where a person may be asked. */
const toPerson = ["ptrace", "memory-file", "descriptors", "memory", "getfd", "type"];

describe.skipIf(!isBuilt || !existsSync(PYTHON))(
  "a process inside that wants to answer (needs a build, python3)",
  { timeout: 4 * STARVED_MS },
  () => {
    let place: AskingPlace;
    let outsider: ChildProcess;
    const reaches = (socket: string) => [PYTHON, inside, socket, String(outsider.pid), place.at("trial")];
    /** What one attempt leaves is not there for the next. */
    const clear = () => {
      for (const mount of ["file", "directory", "parent"])
        spawnSync("umount", [place.at(`trial/${mount}`)], { stdio: "ignore" });
      rmSync(place.at("trial"), { recursive: true, force: true });
    };
    /** With a socket of this name, as one that is kept: the same acts of a trial have the same objects, and are on its contour. */
    const learn = async (trial: string) => {
      const socket = place.socketOf(trial);
      mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
      const there = createServer().listen(socket);
      await once(there, "listening");
      chmodSync(socket, 0o600);
      try {
        place.learn(`${trial}.contour`, reaches(socket));
      } finally {
        there.close();
      }
      await once(there, "close");
      clear();
    };
    beforeAll(() => {
      place = new AskingPlace();
      outsider = spawn("sleep", ["1000"], { stdio: "ignore" });
    });
    afterAll(() => {
      outsider.kill("SIGKILL");
      clear();
      place.clear();
    });

    it.each([
      ["trial-1", [], toSocket],
      ["trial-2", ["--ask", "--answer-within", "0.3"], [...toSocket, ...toPerson]],
      ["trial-3", ["--ask", "--answer-within", "0.3", "--enforce"], [...toSocket, ...toPerson]],
    ] as const)("is refused, though all of it is on the contour (%s: %j)", async (trial, mode, ways) => {
      await learn(trial);
      const running = place.run([`${trial}.contour`, ...mode], reaches(place.socketOf(trial)), trial);
      await running.says("end\n");
      await running.ended;
      clear();
      for (const way of ways) expect(running.output).toContain(`${way} ${REFUSED}\n`);
      expect(running.report).toMatchObject({ departures: [], off: 0, kept: ways.length });
    });

    it.skipIf(!isRoot)("is told from processes inside in every mount of proc (needs root)", async () => {
      const read = (path: string) =>
        `if head -c 1 ${path} > /dev/null 2>&1; then echo "${path} yes"; else echo "${path} no"; fi`;
      const inner = `mount -t proc proc other; ${read("other/1/environ")}`;
      const outer = `mount -t proc proc other; ${read(`other/${outsider.pid}/environ`)}`;
      const script = `mkdir -p other; unshare -pf --mount sh -c '${inner}'; unshare --mount sh -c '${outer}'; echo end`;
      place.call(["learn", "-q", "-o", "mounts.contour", "--", "/bin/sh", "-c", script]);
      const running = place.run(
        ["mounts.contour", "--ask", "--answer-within", "0.3"],
        ["/bin/sh", "-c", script],
        "mounts",
      );
      await running.says("end\n");
      await running.ended;
      expect(running.output).toContain("other/1/environ yes\n");
      expect(running.output).toContain(`other/${outsider.pid}/environ no\n`);
      expect(running.report.kept).toBe(1);
    });

    it("cannot make a socket there before there is one", async () => {
      const early = place.socketOf("early");
      const binds = `import socket
try:
    socket.socket(socket.AF_UNIX).bind(${JSON.stringify(early)})
    print("bind done")
except OSError as fault:
    print("bind", fault.errno)`;
      place.learn("early.contour", [PYTHON, "-c", binds]);
      expect(existsSync(early)).toBe(false);
      const running = place.run(["early.contour"], [PYTHON, "-c", binds], "before");
      await running.ended;
      expect(running.stdout).toBe(`bind ${REFUSED}\n`);
      expect(running.report.kept).toBe(1);
      expect(existsSync(early)).toBe(false);
      expect(statSync(dirname(early)).mode & 0o777).toBe(0o700);
    });
  },
);
