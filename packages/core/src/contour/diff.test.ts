import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arbitraryContour,
  contentOf,
  contourOf,
  eventOf,
  openAct,
  type Program,
} from "../../../../test/arbitrary/contour.ts";
import type { Contour } from "./contour.ts";
import { diffContours } from "./diff.ts";
import { formatDiff } from "./diff-text.ts";

const acts = Array.from({ length: 20 }, (_, at) => openAct(`/data/${at}`));
const npm = ["/bin/sh", "/usr/bin/node", "/bin/sh", "/usr/bin/git"];
const programs = (contents: Record<string, string> = {}, path = npm): Program[] =>
  path.map((_, at) => ({ chain: path.slice(0, at + 1), contents, acts }));

const summary = (a: Contour, b: Contour) => {
  const { same, carried, onlyA, onlyB, redigested, renamed, equal } = diffContours(a, b);
  return {
    same,
    carried,
    onlyA: onlyA.length,
    onlyB: onlyB.length,
    redigested: redigested.length,
    renamed: renamed.length,
    equal,
  };
};

test("a contour is equal to itself, and to one of the same behaviour", () => {
  fc.assert(
    fc.property(arbitraryContour, (contour) => {
      const diff = diffContours(contour, contour);
      expect(diff).toMatchObject({
        same: contour.size,
        carried: 0,
        onlyA: [],
        onlyB: [],
        redigested: [],
        renamed: [],
        equal: true,
      });
      expect(formatDiff(diff)).toEqual([]);
    }),
  );
});

test("every point is counted on each side once, whatever the two have in common", () => {
  fc.assert(
    fc.property(arbitraryContour, arbitraryContour, fc.boolean(), (one, other, known) => {
      const a = contourOf([]);
      const b = contourOf([]);
      for (const [target, sources] of [
        [a, [one]],
        [b, known ? [one, other] : [other]],
      ] as const) {
        for (const source of sources) {
          for (const task of source.tasks()) target.defineTask(task);
          for (let index = 0; index < source.size; index++) target.add(source.event(index));
        }
      }
      const { same, carried, onlyA, onlyB, redigested, renamed, equal } = diffContours(a, b);
      const pairedA = a.size - same - carried - onlyA.length;
      expect(b.size - same - carried - onlyB.length).toBe(pairedA);
      expect(equal).toBe(a.state() === b.state());
      const told = [...redigested, ...renamed].reduce((sum, { points }) => sum + points, 0);
      expect(pairedA > 0 || told === 0).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("an act of only one contour is printed with the programs that led to it", () => {
  const a = contourOf([{ chain: ["/bin/sh", "/usr/bin/node"], acts: [openAct("/both"), openAct("/old")] }]);
  const b = contourOf([{ chain: ["/bin/sh", "/usr/bin/node"], acts: [openAct("/both"), openAct("/new")] }]);
  const diff = diffContours(a, b);
  expect(diff).toMatchObject({ same: 1, carried: 0, equal: false });
  expect(diff.onlyA).toMatchObject([{ chain: ["sh", "node"], act: openAct("/old"), point: a.point(1) }]);
  expect(formatDiff(diff)).toEqual([
    `- sh → node (user)`,
    `-   opened /old for reading`,
    `+ sh → node (user)`,
    `+   opened /new for reading`,
  ]);
});

test("acts that have the same sentence are printed with all their attributes", () => {
  const b = contourOf([
    { chain: ["/bin/sh"], acts: [openAct("/same"), openAct("/same").replace("0100644", "0100600")] },
  ]);
  const a = contourOf([{ chain: ["/bin/sh"], acts: [openAct("/other")] }]);
  expect(formatDiff(diffContours(a, b))).toContain(`+   ${openAct("/same")}`);
});

test("other rights of the same program are told", () => {
  const as = (more: object) => {
    const contour = contourOf([{ chain: ["/bin/sh"], acts: [openAct("/x")] }]);
    const [task] = [...contour.tasks()];
    const event = eventOf(openAct("/y"), task);
    contour.add({
      ...event,
      actor: { ...event.actor, credentials: { ...event.actor.credentials, ...more } },
    } as typeof event);
    return contour;
  };
  const plain = formatDiff(diffContours(contourOf([{ chain: ["/bin/sh"], acts: [openAct("/x")] }]), as({})));
  expect(plain[0]).toBe("+ sh (user)");
  const raised = formatDiff(diffContours(as({}), as({ euid: 0, capabilities: 0x200000n })));
  expect(raised).toHaveLength(4);
  expect(raised[0]).toBe("- sh (user)");
  expect(raised[2]).toMatch(/^\+ sh \(uid=user euid=0 .* capabilities=0x200000\)$/);
  const root = { uid: 0, euid: 0, suid: 0, fsuid: 0 };
  const dropped = formatDiff(diffContours(as(root), as({ ...root, capabilities: 0x1ffn })));
  expect([dropped[0], dropped[2]]).toEqual([
    expect.stringMatching(/^- sh \(uid=0 .* capabilities=0x0\)$/),
    expect.stringMatching(/^\+ sh \(uid=0 .* capabilities=0x1ff\)$/),
  ]);
});

describe("an updated program", () => {
  test("is reported as one file with a new digest, however many programs run below it", () => {
    const diff = diffContours(contourOf(programs()), contourOf(programs({ "/usr/bin/node": "node 24" })));
    expect(diff).toMatchObject({ same: 20, carried: 60, onlyA: [], onlyB: [], renamed: [] });
    expect(diff.redigested).toEqual([
      { path: "/usr/bin/node", from: contentOf("/usr/bin/node"), to: contentOf("node 24"), points: 0 },
    ]);
    expect(formatDiff(diff)).toHaveLength(2);
  });

  test("that also does something new shows only the new act", () => {
    const after = contourOf(programs({ "/usr/bin/node": "node 24" }));
    const node = [...after.tasks()].find(({ images }) => images[0].path === "/usr/bin/node");
    after.add(eventOf(openAct("/root/.ssh/id_ed25519"), node));
    const diff = diffContours(contourOf(programs()), after);
    expect(diff.onlyA).toEqual([]);
    expect(diff.onlyB).toMatchObject([{ chain: ["sh", "node"], act: openAct("/root/.ssh/id_ed25519") }]);
  });

  test("is the same file in the act that executes it", () => {
    const exec = (content: string) =>
      `exec path=/usr/bin/node mode=0100755 uid=0 gid=0 fs=disk digest=${contentOf(content)} loader=/lib/ld.so@${contentOf("ld")}`;
    const a = contourOf([{ chain: ["/bin/sh"], acts: [exec("/usr/bin/node")] }, ...programs()]);
    const b = contourOf([{ chain: ["/bin/sh"], acts: [exec("node 24")] }, ...programs({ "/usr/bin/node": "node 24" })]);
    expect(diffContours(a, b).redigested).toEqual([
      { path: "/usr/bin/node", from: contentOf("/usr/bin/node"), to: contentOf("node 24"), points: 1 },
    ]);
  });

  test("that was renamed is one renamed program", () => {
    const moved = npm.map((path) => (path === "/usr/bin/node" ? "/opt/node/bin/node" : path));
    const diff = diffContours(
      contourOf(programs()),
      contourOf(programs({ "/opt/node/bin/node": "/usr/bin/node" }, moved)),
    );
    expect(diff).toMatchObject({ same: 20, carried: 60, onlyA: [], onlyB: [], redigested: [] });
    expect(diff.renamed).toEqual([{ from: "/usr/bin/node", to: "/opt/node/bin/node", points: 0 }]);
  });

  test("an updated loader that all programs share is reported as one file", () => {
    const contents = { "/bin/sh": "sh 2", "/usr/bin/node": "node 24" };
    expect(summary(contourOf(programs()), contourOf(programs(contents)))).toMatchObject({
      same: 0,
      carried: 80,
      redigested: 2,
      onlyA: 0,
      onlyB: 0,
    });
  });
});

test("other content of what a program is given to run is told, a text among its arguments as well", () => {
  const exec = `exec path=/usr/bin/dash mode=0100755 uid=0 gid=0 fs=disk digest=${contentOf("dash")} loader=/lib/ld.so@${contentOf("ld")} runs=`;
  const of = (...runs: string[]) => contourOf([{ chain: ["/bin/sh"], acts: runs.map((each) => exec + each) }]);
  const diff = diffContours(
    of(`/srv/x.sh@${contentOf("one")}`, `text@${contentOf("good")}`),
    of(`/srv/x.sh@${contentOf("two")}`, `text@${contentOf("bad")}`),
  );
  expect(diff.redigested).toEqual([
    { path: "/srv/x.sh", from: contentOf("one"), to: contentOf("two"), points: 1 },
    { path: "a text for /usr/bin/dash", from: contentOf("good"), to: contentOf("bad"), points: 1 },
  ]);
  expect(formatDiff(diff)).toHaveLength(2);
});

describe("an act that is aimed at another program", () => {
  const known = ["/usr/bin/app", "/usr/bin/ssh-agent"];
  const idOf = (path: string, contents: Record<string, string> = {}) =>
    [...contourOf([{ chain: [path], contents, acts: [] }]).tasks()][0]?.id;
  const aimedAt = (act: string, target: string, contents: Record<string, string> = {}) =>
    contourOf([
      ...known.map((path) => ({ chain: [path], contents, acts: [openAct("/x")] })),
      { chain: ["/usr/bin/gdb"], acts: [`${act} target=${idOf(target, contents)}`] },
    ]);

  test.each(["vm access=write relation=namespace", "kill signal=9 relation=namespace", "getfd relation=namespace"])(
    "is another act where it is aimed elsewhere: %s",
    (act) => {
      const diff = diffContours(aimedAt(act, "/usr/bin/app"), aimedAt(act, "/usr/bin/ssh-agent"));
      expect(diff).toMatchObject({ same: 2, carried: 0, redigested: [], equal: false });
      expect(formatDiff(diff)).toEqual([
        "- gdb (user)",
        `-   ${act} target=${idOf("/usr/bin/app")}`,
        "+ gdb (user)",
        `+   ${act} target=${idOf("/usr/bin/ssh-agent")}`,
      ]);
    },
  );

  test("is the same act where that program was updated", () => {
    const act = "vm access=write relation=namespace";
    const diff = diffContours(
      aimedAt(act, "/usr/bin/app"),
      aimedAt(act, "/usr/bin/app", { "/usr/bin/app": "updated" }),
    );
    expect(diff).toMatchObject({ carried: 2, onlyA: [], onlyB: [] });
    expect(diff.redigested.map(({ path }) => path)).toEqual(["/usr/bin/app"]);
  });
});

test.each([
  ["a path", "unlink path=/cache/x@… mode=0100644 uid=user gid=user fs=disk"],
  ["the text of a link", "symlink path=/x content=/store/x@…"],
  ["an attribute", "setxattr path=/x mode=0100644 uid=user gid=user fs=disk name=user.x=…"],
])("a digest in the name of %s is no content", (_, act) => {
  const [a, b] = ["one", "two"].map((name) =>
    contourOf([{ chain: ["/bin/sh"], acts: [act.replace("…", contentOf(name))] }]),
  );
  expect(summary(a as Contour, b as Contour)).toMatchObject({ onlyA: 1, onlyB: 1, redigested: 0, equal: false });
});

describe("content of what is read", () => {
  const reading = (path: string, content: string) =>
    contourOf([{ chain: ["/bin/sh"], acts: [openAct(path, content), openAct("/x")] }]);

  test("other content under the same path", () => {
    const diff = diffContours(reading("/app/a.js", "one"), reading("/app/a.js", "two"));
    expect(diff.redigested).toEqual([{ path: "/app/a.js", from: contentOf("one"), to: contentOf("two"), points: 1 }]);
    expect(diff).toMatchObject({ same: 1, carried: 0, onlyA: [], onlyB: [], renamed: [] });
  });

  test("the same content under another path", () => {
    const diff = diffContours(reading("/app/a.js", "one"), reading("/app/b.js", "one"));
    expect(diff.renamed).toEqual([{ from: "/app/a.js", to: "/app/b.js", points: 1 }]);
    expect(formatDiff(diff)).toEqual(["renamed  /app/a.js → /app/b.js  (1 act)"]);
  });

  test("other content under another path is neither", () => {
    expect(summary(reading("/app/a.js", "one"), reading("/app/b.js", "two"))).toMatchObject({
      onlyA: 1,
      onlyB: 1,
      redigested: 0,
      renamed: 0,
    });
  });
});

test("contours under different policies are not compared", () => {
  expect(() => diffContours(contourOf([]), contourOf([], '{"lens":"exact"}'))).toThrow(
    expect.objectContaining({ code: "not-comparable" }),
  );
});

test("for a canister, acts of its runtime are printed apart from acts of its workload", () => {
  const canister = (runc: string, acts: readonly string[]) =>
    contourOf([
      { chain: ["$HOST/usr/sbin/runc"], contents: { "$HOST/usr/sbin/runc": runc }, acts: [openAct("$ROOTFS/dev")] },
      {
        chain: ["$HOST/usr/sbin/runc", "/bin/sh"],
        contents: { "$HOST/usr/sbin/runc": runc },
        acts: acts.map((path) => openAct(path)),
      },
    ]);
  const lines = formatDiff(diffContours(canister("one", ["/a", "/b"]), canister("two", ["/a", "/c"])));
  const runtime = lines.indexOf("runtime set-up:");
  expect(lines[0]).toBe("workload:");
  expect(lines.slice(0, runtime).join("\n")).toMatch(/opened \/b [^]*opened \/c /);
  expect(lines.slice(runtime).join("\n")).toMatch(/content {2}\$HOST\/usr\/sbin\/runc/);
  expect(lines.slice(runtime).join("\n")).not.toContain("/b");
});
