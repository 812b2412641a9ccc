import type { Contour } from "@isoline/core/contour";
import { ZERO_DIGEST } from "@isoline/core/digest";
import {
  Engine,
  explain,
  Neighbourhood,
  SUPERVISOR,
  type Circumstances,
  type Departure,
  why,
} from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import { deriveTask, type Task } from "@isoline/core/identity";
import { describe, expect, test } from "vitest";
import {
  by,
  connects,
  contentOf,
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
} from "./workload.ts";

/** The one line about an event of a workload's process in watch mode. */
function whyOf(contour: Contour, happened: Event, task: Task = node, more: Partial<Circumstances> = {}) {
  const engine = new Engine({ contour, mode: "watch", reaction: "log" });
  engine.trust.born(1, SUPERVISOR);
  const { departure } = engine.judge(happened, by(1, task, more));
  if (departure === undefined) throw new Error("expected a departure");
  return why(departure, new Neighbourhood(contour));
}

const npmrc = opens(node, "$HOME/.npmrc");
const manifest = opens(node, "$CWD/package.json");

describe("why an event is off contour", () => {
  test("a file that was never read, explained by the nearest that was", () => {
    const contour = learnt(
      manifest,
      npmrc,
      opens(node, "/usr/lib/node_modules/npm/index.js"),
      opens(sh, "$HOME/.ssh/config"),
    );
    const { reason, sentence, nearest } = whyOf(contour, opens(node, "$HOME/.ssh/id_ed25519"));
    expect(sentence).toBe(
      "`node` (npm ci → sh → node) opened $HOME/.ssh/id_ed25519 for reading; nearest on contour: opened $HOME/.npmrc for reading",
    );
    expect(reason).toBe("new-place");
    expect(nearest[0]?.event).toEqual(npmrc);
  });

  test("a file elsewhere is not explained by what every program opens at its start", () => {
    const cache = opens(node, "/etc/ld.so.cache", "read", { uid: 0, gid: 0 });
    const key = opens(node, "$HOME/.ssh/id_ed25519");
    const own = opens(node, "$CWD/node_modules/left-pad/index.js");
    expect(whyOf(learnt(cache, own), key)).toMatchObject({
      sentence: expect.stringMatching(
        /; nearest on contour: opened \$CWD\/node_modules\/left-pad\/index\.js for reading$/,
      ),
      nearest: [{ event: own }],
    });
    expect(whyOf(learnt(cache), key)).toMatchObject({
      reason: "new-place",
      sentence:
        "`node` (npm ci → sh → node) opened $HOME/.ssh/id_ed25519 for reading; on the contour it opens nothing but what every program loads at its start",
      nearest: [],
    });
    const status = opens(node, "/proc/$self/status", "read", { fs: "proc" });
    const environment = opens(node, "/proc/$task/environ", "read", { fs: "proc" });
    expect(whyOf(learnt(cache, own, status), environment).nearest[0]?.event).toEqual(status);
    // Here it does say something.
    for (const path of ["$CWD/ld.so.cache", "/etc/localtime"])
      expect(whyOf(learnt(cache), opens(node, path, "read", { uid: 0, gid: 0 })).nearest[0]?.event).toEqual(cache);
  });

  test("a program that was never started", () => {
    const contour = learnt(executes(sh, "/usr/bin/node"), npmrc);
    expect(whyOf(contour, executes(node, "/usr/bin/curl"))).toMatchObject({
      reason: "nothing-like-it",
      sentence: "`node` (npm ci → sh → node) executed /usr/bin/curl; nothing like it is on the contour for `node`",
    });
    expect(whyOf(contour, executes(sh, "/usr/bin/curl"), sh, { chain: ["npm ci", "sh"] })).toMatchObject({
      reason: "new-place",
      sentence: "`sh` (npm ci → sh) executed /usr/bin/curl; nearest on contour: executed /usr/bin/node",
    });
  });

  test("an executable with other content under the same path", () => {
    const contour = learnt(executes(sh, "/usr/bin/node"), npmrc);
    const { reason, sentence } = whyOf(contour, executes(sh, "/usr/bin/node", "trojan"), sh, {
      chain: ["npm ci", "sh"],
    });
    expect(reason).toBe("changed-content");
    expect(sentence).toBe(
      `\`sh\` (npm ci → sh) executed /usr/bin/node; its content changed: sha256 ${contentOf("trojan").slice(0, 12)}…, ` +
        `learnt was ${contentOf("/usr/bin/node").slice(0, 12)}…`,
    );
  });

  test("an act of a changed executable is explained by the change", () => {
    const trojan = deriveTask(sh.id, [image("/usr/bin/node", "trojan"), image("/lib/ld.so")]);
    const { reason, sentence, nearest } = whyOf(learnt(npmrc), opens(trojan, "$HOME/.npmrc"), trojan);
    expect(reason).toBe("changed-program");
    expect(sentence).toContain("opened $HOME/.npmrc for reading; the content of /usr/bin/node changed: sha256 ");
    expect(nearest).toEqual([]);
  });

  test("another interpreter under the same script", () => {
    const other = deriveTask(sh.id, [image("/usr/bin/node"), image("/lib/ld.so", "patched")]);
    expect(whyOf(learnt(npmrc), npmrcOf(other), other).sentence).toContain("the content of /lib/ld.so changed");
    const preloaded = deriveTask(sh.id, [image("/usr/bin/node"), image("/opt/ld.so")]);
    expect(whyOf(learnt(npmrc), npmrcOf(preloaded), preloaded).sentence).toContain(
      "it is now loaded by /opt/ld.so, which was not so",
    );
    const bare = deriveTask(sh.id, [image("/usr/bin/node")]);
    expect(whyOf(learnt(npmrc), npmrcOf(bare), bare).sentence).toContain("it runs without /lib/ld.so now");
  });

  test("a known program started another way", () => {
    const direct = deriveTask(npm.id, [image("/usr/bin/node"), image("/lib/ld.so")]);
    expect(whyOf(learnt(npmrc), npmrcOf(direct), direct, { chain: ["npm ci", "node"] })).toMatchObject({
      reason: "new-lineage",
      sentence:
        "`node` (npm ci → node) opened $HOME/.npmrc for reading; on the contour `node` is started another way: npm → sh → node",
    });
  });

  test("an unchanged program under a changed one is explained by the changed one", () => {
    const contour = learnt(npmrc, executes(sh, "/usr/bin/node"));
    const engine = new Engine({ contour, mode: "watch", reaction: "log" });
    engine.trust.born(1, SUPERVISOR);
    const evil = deriveTask(npm.id, [image("/usr/bin/sh", "evil")]);
    const below = deriveTask(evil.id, [image("/usr/bin/node"), image("/lib/ld.so")]);
    engine.judge(executes(evil, "/usr/bin/node"), by(1, evil));
    engine.judge(npmrcOf(below), by(1, below));
    const [, departure] = engine.forensics.departures as [Departure, Departure];
    const { reason, sentence } = why(departure, new Neighbourhood(contour), engine.forensics);
    expect(reason).toBe("changed-program");
    expect(sentence).toContain("for reading; it comes from `sh`: the content of /usr/bin/sh changed: sha256 ");
  });

  test("a departure of a learnt program is not the lineage of what it starts", () => {
    const contour = learnt(npmrc);
    const engine = new Engine({ contour, mode: "watch", reaction: "log" });
    engine.trust.born(1, SUPERVISOR);
    const curl = deriveTask(node.id, [image("/usr/bin/curl")]);
    engine.judge(executes(node, "/usr/bin/curl"), by(1));
    engine.judge(npmrcOf(curl), by(1, curl));
    const [, departure] = engine.forensics.departures as [Departure, Departure];
    const { sentence } = why(departure, new Neighbourhood(contour), engine.forensics);
    expect(sentence).toMatch(/for reading; \/usr\/bin\/curl is not a program of this contour$/);
  });

  test("a program that is not on the contour at all", () => {
    const curl = deriveTask(sh.id, [image("/usr/bin/curl")]);
    expect(whyOf(learnt(npmrc), npmrcOf(curl), curl, { chain: ["sh", "curl"] })).toMatchObject({
      reason: "new-program",
      sentence: "`curl` (sh → curl) opened $HOME/.npmrc for reading; /usr/bin/curl is not a program of this contour",
    });
    expect(explain(learnt(npmrc), npmrcOf(curl))).toMatchObject({
      reason: "new-program",
      sentence: "an unknown program opened $HOME/.npmrc for reading; no such task is on the contour",
    });
  });

  test("a write where only reads were learnt", () => {
    expect(whyOf(learnt(npmrc), opens(node, "$HOME/.npmrc", "write"))).toMatchObject({
      reason: "other-access",
      sentence: "`node` (npm ci → sh → node) opened $HOME/.npmrc for writing; on the contour only for reading",
    });
  });

  test("a known file, by another program", () => {
    expect(whyOf(learnt(npmrc), opens(sh, "$HOME/.npmrc"), sh, { chain: ["npm ci", "sh"] })).toMatchObject({
      reason: "other-program",
      sentence: "`sh` (npm ci → sh) opened $HOME/.npmrc for reading; on the contour only `node` may",
    });
  });

  test("two programs of one name are told apart by what started them", () => {
    const direct = deriveTask(npm.id, [image("/usr/bin/node"), image("/lib/ld.so")]);
    const contour = emptyContour();
    contour.defineTask(direct);
    contour.add(npmrc);
    contour.add(opens(direct, "/x"));
    expect(whyOf(contour, npmrcOf(direct), direct, { chain: ["npm ci", "node"] }).sentence).toMatch(
      /on the contour only `node` \(npm → sh → node\) may$/,
    );
  });

  test("a new target, beside those that were learnt", () => {
    const contour = learnt(connects(node, "127.0.0.1:5432"), connects(node, "10.0.0.1:443"));
    expect(whyOf(contour, connects(node, "6.6.6.6:443"))).toMatchObject({
      reason: "new-target",
      sentence:
        "`node` (npm ci → sh → node) connected to tcp 6.6.6.6:443; on the contour: tcp 127.0.0.1:5432 and tcp 10.0.0.1:443",
    });
    const many = learnt(...Array.from({ length: 9 }, (_, host) => connects(node, `10.0.0.${host}:443`)));
    expect(whyOf(many, connects(node, "6.6.6.6:443")).sentence).toMatch(/10\.0\.0\.0:443, .*, .* and 6 more$/);
    expect(whyOf(learnt(npmrc), connects(node, "6.6.6.6:443")).reason).toBe("nothing-like-it");
  });

  test("another operation on a known name", () => {
    const { mode, uid, gid, fs, path } = npmrc.subject as {
      mode: number;
      uid: number;
      gid: number;
      fs: string;
      path: string;
    };
    expect(whyOf(learnt(npmrc), event(node, "unlink", { path, mode, uid, gid, fs }))).toMatchObject({
      reason: "other-act",
      sentence: "`node` (npm ci → sh → node) deleted $HOME/.npmrc; nearest on contour: opened $HOME/.npmrc for reading",
    });
  });

  test("changed attributes, and only those that changed", () => {
    expect(whyOf(learnt(npmrc), opens(node, "$HOME/.npmrc", "read", { mode: 0o100666, uid: 0 }))).toMatchObject({
      reason: "changed-attributes",
      sentence:
        "`node` (npm ci → sh → node) opened $HOME/.npmrc for reading; now mode 0666 (learnt: 0644), uid 0 (learnt: 1000)",
    });
  });

  test("the same act under other credentials", () => {
    const asRoot = event(node, "open", npmrc.subject as never, root);
    const { reason, sentence } = whyOf(learnt(npmrc), asRoot);
    expect(reason).toBe("other-credentials");
    expect(sentence).toContain("now actor uid 0 (learnt: 1000), euid 0 (learnt: 1000)");
    expect(sentence).toContain(
      "the capabilities chown, dac_override, dac_read_search, fowner, fsetid, kill, setgid, setuid, setpcap (learnt: no capabilities)",
    );
  });

  test("says when the lineage is a guess", () => {
    const { sentence } = whyOf(learnt(npmrc), opens(node, "/x"), node, { guessedLineage: true });
    expect(sentence).toMatch(/; its parent ended before the sensor could read it, so its lineage is a guess$/);
  });

  test("shows no byte of a hostile name that could control a terminal", () => {
    const chain = ["npm ci", `evil\u001b[2J\u202e${"y".repeat(500)}`];
    const { sentence } = whyOf(learnt(npmrc), opens(node, "/x"), node, { chain });
    expect(sentence).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(sentence).toContain("npm ci → evil\\x1b[2J");
    expect(sentence.length).toBeLessThan(400);
  });

  test("a long chain keeps both its ends", () => {
    const chain = Array.from({ length: 40 }, (_, depth) => `p${depth}`);
    expect(whyOf(learnt(npmrc), opens(node, "/x"), node, { chain }).sentence).toMatch(
      /^`p39` \(p0 → p1 → … → p37 → p38 → p39\) /,
    );
  });
});

describe("explain", () => {
  test("an event on the contour, with the lineage that the contour knows", () => {
    expect(explain(learnt(npmrc, npmrc, manifest), npmrc)).toMatchObject({
      reason: "on-contour",
      sentence: "`node` (npm → sh → node) opened $HOME/.npmrc for reading; this is on the contour",
    });
  });

  test("the acts of the first process before it executed a program", () => {
    const first = {
      ...executes(npm, "/usr/bin/npm"),
      actor: { ...npmrc.actor, task: ZERO_DIGEST, parent: ZERO_DIGEST },
    } as Event;
    expect(explain(learnt(npmrc), first).sentence).toMatch(/^the first process executed \/usr\/bin\/npm; /);
  });
});

function npmrcOf(task: Task): Event {
  return opens(task, "$HOME/.npmrc");
}
