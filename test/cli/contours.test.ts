/** The commands for contour files, on contours made here. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseContour } from "@isoline/core/contour";
import { ZERO_DIGEST } from "@isoline/core/digest";
import { type Event, eventToJson } from "@isoline/core/event";
import { deriveTask, type Task } from "@isoline/core/identity";
import { iso1Point } from "@isoline/core/profile";
import { beforeAll, describe, expect, it } from "vitest";
import {
  connects,
  emptyContour,
  event,
  executes,
  image,
  learnt,
  node,
  npm,
  opens,
  root,
  sh,
} from "../engine/workload.ts";
import { isoline, program, temporaryPlace } from "./isoline.ts";

const place = temporaryPlace();
const npmrc = opens(node, "$HOME/.npmrc");
const key = opens(node, "$HOME/.ssh/id_ed25519");
const files = Array.from({ length: 40 }, (_, at) => opens(node, `$CWD/node_modules/left-pad/file${at}.js`));
const behaviour = [executes(sh, "/usr/bin/node"), npmrc, ...files, connects(node, "127.0.0.1:5432")];

let app = "";
let other = "";
beforeAll(() => {
  app = place.keep("app.contour", learnt(...behaviour));
  other = place.keep("other.contour", learnt(...behaviour, key));
});

describe("show", () => {
  it("lists by program what it may do, and counts what is too long to list", () => {
    const { status, stdout, stderr } = isoline(["show", app]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("43 points of 2 programs; profile iso1, lens default; as user 1000");
    expect(stdout).toMatch(/^npm → sh {3}\/usr\/bin\/sh$/m);
    expect(stdout).toMatch(/^ {2}executes {5}\/usr\/bin\/node$/m);
    expect(stdout).toMatch(/^ {2}reads {8}\$HOME\/\.npmrc$/m);
    expect(stdout).toMatch(/^ {15}\$CWD\/node_modules\/left-pad\/\* {3}40 paths$/m);
    expect(stdout).toMatch(/^ {2}connects to {2}tcp 127\.0\.0\.1:5432$/m);
  });

  it("says what matters first: credentials, persistence, execution, network, before what is changed and read", () => {
    const many = Array.from({ length: 30 }, (_, at) => opens(node, `$HOME/.config/app/${at}`));
    const rc = event(node, "create", { access: "write", path: "$HOME/.bashrc", mode: 0o100644 });
    const file = place.keep("grave.contour", learnt(...behaviour, ...many, key, rc));
    const { stdout } = isoline(["show", file]);
    const first = stdout.split("\n\n")[1] ?? "";
    const told = first.split("\n").flatMap((line) => /^ {2}([a-z]+) /.exec(line)?.[1] ?? []);
    expect(told).toEqual(["credentials", "persistence", "execution", "network"]);
    expect(first).toMatch(/^what matters first\n {2}credentials {2}node reads \$HOME\/\./);
    expect(first).toContain("node creates $HOME/.bashrc");
    expect(first).not.toContain("left-pad");
    // A key is not folded into the number of files beside it.
    const own = stdout.split("\n\n").at(-1) ?? "";
    expect(own).toMatch(
      /^ {2}reads .*\n {15}\$HOME\/\.npmrc|^ {2}reads {8}\$HOME\/\.npmrc\n {15}\$HOME\/\.ssh\/id_ed25519/m,
    );
    expect(own.indexOf("reads ")).toBeLessThan(own.indexOf("creates "));
    expect(own.indexOf("creates ")).toBeLessThan(own.indexOf("connects to "));
  });

  it("names root, and the process that has no program yet", () => {
    const start = { op: "exec", actor: { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: root } };
    const contour = emptyContour();
    contour.add({ ...executes(npm, "/usr/bin/npm"), ...start } as Event);
    const { stdout } = isoline(["show", place.keep("start.contour", contour)]);
    expect(stdout).toContain("; as user 0 (root) with the capabilities chown");
    expect(stdout).toContain("  execution    the first process executes /usr/bin/npm\n");
  });

  it("only counts what sets up a container, where the gravest acts of what runs in it are told", () => {
    const runc = deriveTask(ZERO_DIGEST, [image("$HOST/usr/sbin/runc")]);
    const inside = deriveTask(runc.id, [image("/usr/bin/node")]);
    const contour = emptyContour();
    for (const task of [runc, inside]) contour.defineTask(task);
    for (const each of [
      opens(runc, "$HOST/root/.ssh/id_rsa"),
      executes(runc, "/usr/bin/node"),
      opens(inside, "$HOME/.npmrc"),
    ])
      contour.add(each);
    const file = place.keep("canister.contour", contour);
    const first = (...options: string[]) => isoline(["show", ...options, file]).stdout.split("\n\n")[1];
    expect(first()).toBe(
      "what matters first\n  credentials  node reads $HOME/.npmrc\n  set-up       2 acts of the runtime that sets the container up (--all)",
    );
    expect(first("--all")).toContain("runc reads $HOST/root/.ssh/id_rsa");
  });

  it("lists once what most programs do, and once what a program does however it was started", () => {
    const locale = (task: Task) => opens(task, "/etc/locale.alias");
    const again = deriveTask(npm.id, [image("/usr/bin/node"), image("/lib/ld.so")]);
    const git = deriveTask(sh.id, [image("/usr/bin/git")]);
    const contour = emptyContour();
    for (const task of [again, git]) contour.defineTask(task);
    for (const each of [locale(npm), locale(sh), locale(node), locale(git), npmrc, opens(again, "$HOME/.npmrc")])
      contour.add(each);
    const file = place.keep("most.contour", contour);
    const { stdout } = isoline(["show", file]);
    expect(stdout).toContain("most programs   of the 4; --all says which\n  reads        /etc/locale.alias\n");
    expect(stdout.match(/locale\.alias/g)).toHaveLength(1);
    expect(stdout).toContain("… → node   /usr/bin/node\n  started as   npm → node\n               npm → sh → node\n");
    expect(stdout).toContain("npm → sh → git   /usr/bin/git\n  nothing else\n");
    expect(isoline(["show", "--all", file]).stdout.match(/locale\.alias/g)).toHaveLength(4);
  });

  it("shows everything when asked", () => {
    const { stdout } = isoline(["show", "--all", app]);
    expect(stdout.match(/left-pad\/file\d+\.js/g)).toHaveLength(40);
  });

  it("gives every point with its event in JSON", () => {
    const document = JSON.parse(isoline(["show", "--json", app]).stdout) as {
      points: { point: string; event: unknown }[];
    };
    expect(document.points).toHaveLength(43);
    expect(document.points).toContainEqual(
      expect.objectContaining({ point: iso1Point(npmrc), event: eventToJson(npmrc) }),
    );
  });

  it("has no colours outside a terminal", () => {
    expect(isoline(["show", app], { environment: { FORCE_COLOR: "1" } }).stdout).not.toContain("\x1b");
  });

  it("ends as SIGPIPE would end it when its reader closes the pipe", () => {
    const many = Array.from({ length: 4000 }, (_, at) =>
      opens(node, `$CWD/some/quite/long/name/of/a/directory/file${at}`),
    );
    const big = place.keep("big.contour", learnt(...many));
    const script = `{ "${program}" show --all "${big}"; echo "status $?" >&2; } | head -n 1`;
    const { stdout, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    expect(stdout).toContain("4 000 points");
    expect(stderr).toBe("status 141\n");
  });
});

describe("verify", () => {
  it("prints the identities of the contour, computed again", () => {
    const contour = parseContour(readFileSync(app));
    const { status, stdout } = isoline(["verify", "--json", app]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      points: 43,
      measurement: contour.measurement(),
      state: contour.state(),
      profile: "iso1",
      policy: contour.policyDigest,
      incomplete: [],
    });
    expect(isoline(["verify", app]).stdout).toMatch(/^\S*app\.contour: intact\n {2}points {7}43\n/);
  });

  it("refuses an altered contour, in one line", () => {
    const touched = place.path("touched.contour");
    writeFileSync(touched, readFileSync(app, "utf8").replace(".npmrc", ".npmrd"));
    const { status, stdout, stderr } = isoline(["verify", touched]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain("touched.contour: ");
  });
});

describe("diff", () => {
  it("prints nothing and ends with 0 for the same behaviour", () => {
    expect(isoline(["diff", app, app])).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  it("lists what only one contour has, and ends with 1", () => {
    const { status, stdout } = isoline(["diff", app, other]);
    expect(status).toBe(1);
    expect(stdout).toContain(`--- ${app}\n+++ ${other}\n`);
    expect(stdout).toMatch(/^\+ {3}opened \$HOME\/\.ssh\/id_ed25519 for reading$/m);
    expect(isoline(["diff", "-q", app, other])).toMatchObject({ status: 1, stdout: "" });
    const document = JSON.parse(isoline(["diff", "--json", other, app]).stdout) as {
      onlyA: { point: string }[];
      onlyB: unknown[];
    };
    expect(document.onlyA.map(({ point }) => point)).toEqual([iso1Point(key)]);
    expect(document.onlyB).toEqual([]);
  });
});

describe("merge", () => {
  it("permits what any of them permits", () => {
    const merged = place.path("merged.contour");
    const only = place.keep("only.contour", learnt(key));
    const { status, stderr } = isoline(["merge", app, only, "-o", merged]);
    expect(status).toBe(0);
    expect(stderr).toContain("44 points of 43 + 1\n");
    expect(isoline(["diff", "-q", merged, other]).status).toBe(0);
  });

  it("requires at least two", () => {
    expect(isoline(["merge", app, "-o", place.path("one.contour")])).toMatchObject({ status: 2 });
  });
});

describe("explain", () => {
  it("finds a point by the beginning of its digest", () => {
    const { status, stdout } = isoline(["explain", app, iso1Point(npmrc).slice(0, 12)]);
    expect(status).toBe(0);
    expect(stdout).toContain("on contour: `node` (npm → sh → node) opened $HOME/.npmrc for reading");
    expect(stdout).toContain(iso1Point(npmrc));
  });

  it("says that no point begins with these digits", () => {
    const { status, stderr } = isoline(["explain", app, "00000000"]);
    expect(status).toBe(2);
    expect(stderr).toContain("no point of the contour begins with 00000000");
  });

  it("explains an event in its JSON form", () => {
    const { stdout } = isoline(["explain", app, JSON.stringify(eventToJson(key)), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      { point: iso1Point(key), onContour: false, assumed: false, reason: "new-place" },
    ]);
  });

  it("completes an act that gives only some fields from the nearest program", () => {
    const { status, stdout } = isoline(["explain", app, "open", "path=$HOME/.ssh/id_ed25519"]);
    expect(status).toBe(1);
    expect(stdout).toContain("off contour: `node` (npm → sh → node) opened $HOME/.ssh/id_ed25519 for reading");
    expect(stdout).toContain("fields that you left out are taken from the nearest event");
    expect(stdout).toContain(iso1Point(key));
  });

  it("lists every learnt event that matches an act", () => {
    const { stdout } = isoline(["explain", app, "open access=read", "--json"]);
    expect(JSON.parse(stdout)).toHaveLength(41);
  });

  it("asks about another program with --as", () => {
    const { stdout } = isoline(["explain", app, "open path=$HOME/.npmrc", "--as", "sh"]);
    expect(stdout).toContain("off contour: `sh` (npm → sh) opened $HOME/.npmrc for reading");
    for (const name of ["npm → sh", "/usr/bin/sh"])
      expect(isoline(["explain", app, "open path=$HOME/.npmrc", "--as", name]).stdout).toBe(stdout);
    const { status, stderr } = isoline(["explain", app, "open path=$HOME/.npmrc", "--as", "curl"]);
    expect(status).toBe(2);
    expect(stderr).toContain("ask whether it may start, as in 'exec path=/usr/bin/curl', or leave out --as");
  });

  it("completes an ordinary act without a similar one on the contour", () => {
    const { stdout } = isoline([
      "explain",
      place.keep("quiet.contour", learnt(npmrc)),
      "connect address=203.0.113.7:443",
    ]);
    expect(stdout).toContain("connected to tcp 203.0.113.7:443");
  });

  it.each([
    ["fly to=moon", "operations are"],
    ["open colour=red", "expected FIELD=PATTERN with a field of an act"],
    ['{"op":"open"}', "lacks the member"],
    ["{", "expected the JSON form of an event"],
  ])("refuses %j", (asked, says) => {
    const { status, stdout, stderr } = isoline(["explain", app, asked]);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(says);
  });

  it("understands what query understands, and guesses nothing for a pattern", () => {
    const answer = (asked: string) => isoline(["explain", app, asked]);
    expect(answer("open path=$CWD/node_modules/**")).toMatchObject({ status: 0 });
    const off = { status: 1, stdout: "off contour: nothing on the contour fits\n" };
    for (const asked of ["create path=$HOME/**", "open access=write", "write", "connect address=outside"])
      expect(answer(asked)).toMatchObject(off);
  });
});

describe("--json", () => {
  it("prints no letter that a terminal acts on, whatever a file is called", () => {
    const named = place.keep("a\u009b31m\u202e.contour", learnt(...behaviour));
    const { stdout } = isoline(["diff", app, named, "--json"]);
    expect(stdout).toContain(String.raw`a\u009b31m\u202e.contour"`);
    expect(JSON.parse(stdout)).toMatchObject({ b: named });
  });
});

describe("query", () => {
  const asked = (...words: readonly string[]) => isoline(["query", app, ...words]);

  it("lists by program what fits, and how the program comes to run", () => {
    const { status, stdout } = asked("credentials");
    expect(status).toBe(0);
    expect(stdout).toBe(
      "node   /usr/bin/node  as 1000\n  comes by     npm → sh → node\n  credentials  opened $HOME/.npmrc for reading\n\n1 act of 1 program\n",
    );
  });

  it("ends with 1 and says so if nothing fits, and with 2 for a question that is not understood", () => {
    const none = asked("write", "path=$HOME/.ssh/");
    expect(none).toMatchObject({ status: 1, stdout: "" });
    expect(none.stderr).toMatch(/^isoline: no point of \S*app\.contour fits: write path=\$HOME\/\.ssh\/\n$/);
    for (const how of ["--json", "-q"])
      expect(asked("read", "path=$HOME/.ssh/", how)).toMatchObject({ status: 1, stderr: "" });
    expect(asked("read", "path=$HOME/./x")).toMatchObject({ status: 2, stdout: "" });
    expect(asked("port=9..1").stderr).toContain("expected a range that begins with the smaller number");
    expect(isoline(["query", place.path("none.contour"), "read"])).toMatchObject({ status: 2, stdout: "" });
  });

  it("shows some of many, and all when asked", () => {
    expect(asked("read").stdout).toMatch(/^ {15}… and 26 acts more \(--all\)$/m);
    expect(asked("read", "--all").stdout.match(/left-pad/g)).toHaveLength(40);
  });

  it("gives every act with its point in JSON", () => {
    const document = JSON.parse(asked("connect", "--json").stdout) as { programs: unknown[] };
    expect(document.programs).toEqual([
      {
        program: "node",
        path: "/usr/bin/node",
        chains: [["npm", "sh", "node"]],
        users: ["1000"],
        acts: [expect.objectContaining({ point: iso1Point(connects(node, "127.0.0.1:5432")), consequence: "network" })],
      },
    ]);
  });
});

describe("names from a workload", () => {
  it("cannot move the cursor of a terminal that prints them", () => {
    const hostile = place.keep(
      "hostile.contour",
      learnt(opens(node, "/\\x1b[2J"), event(node, "chroot", { path: "/x" })),
    );
    for (const args of [
      ["show", hostile],
      ["explain", hostile, "chroot path=/x"],
      ["diff", app, hostile],
    ])
      expect(isoline(args).stdout).not.toContain("\x1b");
  });
});
