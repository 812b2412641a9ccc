/**
 * Compiled rules on the real kernel: what is on the contour works, what is not is refused, and what the rules cannot express is
 * reported.
 */
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@isoline/core/event";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { landlockVersion } from "../../packages/linux/src/abi/landlock.ts";
import { compileRules } from "../../packages/linux/src/landlock/compile.ts";
import type { LandlockRules } from "../../packages/linux/src/landlock/rules.ts";
import { type Compiled, compileLinux } from "../compiled/linux.ts";
import { act, type Held, runHeld, type Step } from "./held.ts";
import { executed, opened, starting } from "./programs.ts";
import { isRoot } from "../support/machine.ts";

const NOBODY = 65534;
const version = landlockVersion();

let compiled: Compiled;
let directory: string;
let place: string;
beforeAll(() => {
  if (version < 1) return;
  compiled = compileLinux();
  directory = realpathSync(mkdtempSync(join(tmpdir(), "isoline-landlock-")));
  chmodSync(directory, 0o755);
});
afterAll(() => {
  compiled?.remove();
  if (directory) rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  if (directory) place = mkdtempSync(join(directory, "case-"));
  if (directory) chmodSync(place, 0o755);
});

const rulesFor = (events: readonly Event[]): LandlockRules =>
  compileRules(events, { cwd: place, home: "/nowhere", temp: [], uid: 0 }, { pseudonyms: [], iouring: "refuse" });
const held = (events: readonly Event[], steps: readonly Step[], more: { version?: number; uid?: number } = {}): Held =>
  runHeld(
    compiled,
    [{ rules: rulesFor(events), steps, ...(more.version === undefined ? {} : { version: more.version }) }],
    more.uid,
  )[0] as Held;

function file(name: string, content = name, mode = 0o644): string {
  const path = join(place, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe.skipIf(version < 1)("programs", () => {
  it("a program on the contour runs, with libraries that it only reads; it reads what it may and nothing else", async () => {
    const cat = await starting("cat", [], "x\n");
    const [may, mustNot] = [file("may"), file("mustnot")];
    const { applied, said } = held(
      [...cat.events, opened(may)],
      [
        ["run", cat.program, [may]],
        ["run", cat.program, [mustNot]],
        ["run", realpathSync("/bin/echo"), ["x"]],
      ],
    );
    expect(applied).toMatchObject({ applied: true });
    expect(said[0]).toBe("0 may");
    expect(said[1]).toMatch(/^1 .*Permission denied$/);
    expect(said[2]).toBe("EACCES");
  });

  it("a script: its interpreter is executed, and no other file can be executed by name", async () => {
    const sh = await starting("sh", [], "echo x\n");
    const script = file("script", `#!${sh.program}\necho ran\n`, 0o755);
    const other = file("other", `#!${sh.program}\necho ran\n`, 0o755);
    const runs = executed(script, [sh.program]);
    const { said } = held(
      [...sh.events, runs, opened(script)],
      [
        ["run", script, []],
        ["run", other, []],
      ],
    );
    expect(said).toEqual(["0 ran", "EACCES"]);
  });

  it("a script without #!: the shell gets ENOEXEC, and reads the script itself", async () => {
    const sh = await starting("sh", [], "echo x\n");
    const script = file("script", "echo ran\n", 0o755);
    const { said } = held([...sh.events, opened(script)], [["run", sh.program, ["-c", script]]]);
    expect(said).toEqual(["0 ran"]);
  });

  it("a program that is only read on the contour is not executed", async () => {
    const sh = await starting("sh", [], "echo x\n");
    const echo = realpathSync("/bin/echo");
    const { said } = held(
      [...sh.events, opened(echo)],
      [
        ["run", echo, ["x"]],
        ["read", echo],
      ],
    );
    expect(said).toEqual(["EACCES", "ok"]);
  });
});

describe.skipIf(version < 1)("files", () => {
  it("a symbolic link in the place of a file: its target is not opened by the old name", () => {
    const [listed, secret] = [file("listed"), file("secret")];
    const events = [opened(listed)];
    rmSync(listed);
    symlinkSync(secret, listed);
    const { applied, said } = held(events, [
      ["read", listed],
      ["read", secret],
    ]);
    expect(said).toEqual(["EACCES", "EACCES"]);
    expect(applied.notes).toContain(`${listed}: a symbolic link stands in the way, so nothing is allowed there`);
  });

  it("a directory in the place of a file: nothing below it is opened", () => {
    const listed = file("listed");
    const events = [opened(listed)];
    rmSync(listed);
    mkdirSync(listed);
    writeFileSync(join(listed, "x"), "");
    expect(held(events, [["read", join(listed, "x")]]).said).toEqual(["EACCES"]);
  });

  it("names in /proc keep their rights as long as a descriptor keeps them", () => {
    const { applied, said } = held(
      [opened("/proc/meminfo")],
      [
        ["read", "/proc/meminfo"],
        ["read", "/proc/stat"],
      ],
    );
    expect(said).toEqual(["ok", "EACCES"]);
    expect(applied.pins).toHaveLength(1);
  });

  it("names with bytes that are not UTF-8", () => {
    const [listed, other] = [file("a b\\"), file("a b")];
    const events = [
      act("open", { access: "read", path: `${place}/a\\x20b\\x5c`, mode: 0o100644, uid: 0, gid: 0, fs: "disk" }),
    ];
    expect(
      held(events, [
        ["read", listed],
        ["read", other],
      ]).said,
    ).toEqual(["ok", "EACCES"]);
  });

  it("an empty contour: nothing is opened", () => {
    expect(
      held(
        [],
        [
          ["read", "/etc/passwd"],
          ["list", "/"],
          ["mkdir", join(place, "d")],
        ],
      ).said,
    ).toEqual(["EACCES", "EACCES", "EACCES"]);
  });
});

describe.skipIf(version < 4)("TCP", () => {
  const servers: Server[] = [];
  const listening = async (): Promise<number> => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  afterAll(() => {
    for (const server of servers) server.close();
  });
  const endpoint = (op: "bind" | "connect", port: number | string) =>
    act(op, { family: "inet", type: "stream", address: `127.0.0.1:${port}` });
  const connect = (port: number): Step => ["connect", { port, host: "127.0.0.1" }];

  // This process waits for the job and accepts nothing meanwhile; the kernel completes connections by itself.
  it("connections go to ports of the contour", async () => {
    const [may, mustNot] = [await listening(), await listening()];
    expect(held([endpoint("connect", may)], [connect(may), connect(mustNot)]).said).toEqual(["ok", "EACCES"]);
  });

  it("if the port is not known before, they go anywhere", async () => {
    const port = await listening();
    const { applied, said } = held([endpoint("connect", "$own")], [connect(port)]);
    expect(said).toEqual(["ok"]);
    expect(applied.covered).not.toContain("connect-tcp");
  });

  it("listening is on ports of the contour; port 0 is one", async () => {
    const port = await listening();
    const listen = (on: number): Step => ["listen", { port: on, host: "127.0.0.1" }];
    expect(held([endpoint("bind", 0)], [listen(0), listen(port)]).said).toEqual(["ok", "EACCES"]);
    expect(held([endpoint("bind", port)], [listen(0), listen(port)]).said).toEqual(["EACCES", "EADDRINUSE"]);
  });
});

describe.skipIf(version < 6)("a process outside the namespace", () => {
  it("gets no signals, unless the contour has some", () => {
    const step: Step = ["signal", process.pid, 0];
    expect(held([], [step]).said).toEqual(["EPERM"]);
    expect(held([act("kill", { signal: 15, relation: "outside" })], [step]).said).toEqual(["true"]);
  });

  it("cannot be reached by abstract sockets, unless the contour has some", async () => {
    const name = `\0isoline-${process.pid}`;
    const server = createServer((socket) => socket.destroy()).listen(name);
    await once(server, "listening");
    const step: Step = ["connect", { path: name }];
    try {
      expect(held([], [step]).said).toEqual(["EPERM"]);
      const event = act("connect", { family: "unix", type: "stream", address: `@isoline-${process.pid}` });
      expect(held([event], [step]).said).toEqual(["ok"]);
    } finally {
      server.close();
    }
  });
});

describe.skipIf(version < 7)("kernels with an older Landlock", () => {
  const older = [1, 2, 3, 4, 5, 6];

  it.each(older)("version %i: it enforces what it knows, and the rest is named", (known) => {
    const listed = file("listed");
    const { applied, said } = held(
      [opened(listed)],
      [
        ["read", listed],
        ["read", "/etc/passwd"],
      ],
      { version: known },
    );
    expect(said).toEqual(["ok", "EACCES"]);
    expect(applied).toMatchObject({ applied: true, version: known });
    const all = ["refer", "truncate", "bind-tcp", "connect-tcp", "abstract-unix-socket", "signal"];
    const since = [2, 3, 4, 4, 6, 6];
    const unknown = all.filter((_, index) => (since[index] as number) > known);
    expect(all.filter((name) => !applied.covered.includes(name))).toEqual(unknown);
    const gap = applied.gaps.find((line) => line.startsWith(`version ${known} of Landlock`));
    expect(gap?.split(" lacks ")[1]?.split(", ") ?? []).toEqual(unknown);
  });

  it("version 1 refuses moves between directories to every task: with one on the contour it is not used", () => {
    for (const name of ["a", "b"]) mkdirSync(join(place, name));
    const from = file("a/x");
    const event = act("rename", {
      path: "$CWD/a/x",
      mode: 0o100644,
      uid: 0,
      gid: 0,
      fs: "disk",
      to: "$CWD/b/x",
      replaces: "no",
    });
    const steps: Step[] = [["rename", from, join(place, "b/x")]];
    const first = held([event], steps, { version: 1 });
    expect(first.applied).toMatchObject({ applied: false, reason: expect.stringContaining("between directories") });
    expect(first.said).toEqual(["ok"]);
    rmSync(join(place, "b/x"));
    file("a/x");
    expect(held([event], steps, { version: 2 }).said).toEqual(["ok"]);
  });

  it.each([
    [-38, "without Landlock"],
    [-95, "not active"],
  ])("no Landlock (%i): reported, and nothing is restricted", (none, reason) => {
    const { applied, said } = held([], [["read", "/etc/passwd"]], { version: none });
    expect(applied).toMatchObject({ applied: false, version: 0, reason: expect.stringContaining(reason) });
    expect(said).toEqual(["ok"]);
  });
});

describe.skipIf(version < 1)("limits of Landlock", () => {
  it("a contour that mounts: nothing is restricted, and the reason is reported", () => {
    const event = act("mount", { call: "mount", source: "none", path: "/mnt", type: "tmpfs", flags: 0n, options: [] });
    const { applied, said } = held([event], [["read", "/etc/passwd"]]);
    expect(applied).toMatchObject({ applied: false, reason: expect.stringContaining("mounts") });
    expect(said).toEqual(["ok"]);
  });

  it("are always reported: the actor, modes and owners, addresses", () => {
    const { applied } = held([], []);
    expect(applied.gaps.join("\n")).toMatch(/which program acts.*\n.*mode, owner.*\n.*addresses/);
  });
});

describe.skipIf(version < 1 || !isRoot)("an ordinary user (needs root to become one)", () => {
  it("is restricted as well; no_new_privs is set with it", () => {
    const listed = file("listed");
    const status: Step = ["find", "/proc/thread-self/status", "NoNewPrivs:\\s*(\\d)"];
    const own = act("open", {
      access: "read",
      path: "/proc/$self/task/$tid/status",
      mode: 0o100444,
      uid: 0,
      gid: 0,
      fs: "proc",
    });
    const { applied, said } = held([opened(listed), own], [["read", listed], ["read", "/etc/passwd"], status], {
      uid: NOBODY,
    });
    expect(applied).toMatchObject({ applied: true });
    expect(said).toEqual(["ok", "EACCES", "1"]);
  });

  it("root is restricted without no_new_privs, so that setuid programs keep their meaning", () => {
    const status: Step = ["find", "/proc/thread-self/status", "NoNewPrivs:\\s*(\\d)"];
    const own = act("open", {
      access: "read",
      path: "/proc/$self/task/$tid/status",
      mode: 0o100444,
      uid: 0,
      gid: 0,
      fs: "proc",
    });
    expect(held([own], [status, ["read", "/etc/passwd"]]).said).toEqual(["0", "EACCES"]);
  });
});
