/** The actor, by the name it was called by and the script it was given: under the sensor, with the programs of this machine. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contour, parseContour } from "@isoline/core/contour";
import { DEFAULT_POLICY, EXACT_POLICY, parsePolicy, taskPhrase } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBuilt, supervise } from "../sensor/supervised.ts";
import { isInstalled } from "../support/machine.ts";

let place = "";
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-called-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const READS = 'require("fs").readFileSync("data");';

/** Runs a shell text with this machine's programs; returns the contour. */
async function learnt(text: string, policy = DEFAULT_POLICY): Promise<{ file: string; contour: Contour }> {
  const { learnt: file, report } = await supervise({ directory: place, command: ["dash", "-c", text], policy });
  expect(report.incomplete).toEqual([]);
  return { file, contour: parseContour(readFileSync(file), { profile: iso1 }) as Contour };
}

/** The tasks by their readable names, without the shell that starts them. */
async function tasks(text: string, policy = DEFAULT_POLICY): Promise<readonly string[]> {
  const { contour } = await learnt(text, policy);
  return Array.from(contour.tasks(), taskPhrase).slice(1).toSorted();
}

const write = (name: string, text: string) => writeFileSync(join(place, name), text);

describe.skipIf(!isBuilt || !isInstalled("dash"))("actors (needs a build, dash)", () => {
  beforeAll(() => {
    write("data", "x");
    write("install.js", READS);
    write("other.js", READS);
    write("words.sh", "#!/bin/sh\necho x\n");
    spawnSync("chmod", ["755", join(place, "words.sh")]);
    symlinkSync("words.sh", join(place, "linked"));
  });

  test.skipIf(!isInstalled("busybox"))("applets of busybox are told apart (needs busybox)", async () => {
    expect(await tasks("busybox cat data; busybox id; busybox sh words.sh")).toEqual([
      "busybox as cat",
      "busybox as id",
      "busybox as sh words.sh",
    ]);
  });

  test.skipIf(!isInstalled("busybox"))(
    "an applet that was not learnt is off contour under enforcement (needs busybox)",
    async () => {
      const { file: contour } = await learnt("busybox cat data");
      const order = { directory: place, command: ["dash", "-c", "busybox cat data; busybox wc -c data"] };
      const { report, stdout } = await supervise({ ...order, mode: "enforce", contour });
      expect(stdout).toBe("x");
      expect(report.departures.map(({ act }) => act)).toEqual([expect.stringMatching(/^exec .* as=wc$/)]);
    },
  );

  test("one install script does not pass for another, whatever both do", async () => {
    const { file: contour } = await learnt("node install.js");
    const run = (script: string) =>
      supervise({ directory: place, command: ["dash", "-c", `node ${script}`], mode: "watch", contour });
    expect((await run("install.js")).report.off).toBe(0);
    expect((await run("./install.js")).report.off).toBe(0);
    const { departures } = (await run("other.js")).report;
    expect(departures.map(({ act }) => act)).toContainEqual(expect.stringMatching(/^exec .* runs=\$CWD\/other\.js$/));
    expect(departures.map(({ why }) => why)).toContainEqual(
      expect.stringContaining("on the contour that program is only called as `node install.js`"),
    );
  });

  test
    .skipIf(!isInstalled("perl"))
    .each([
      "perl '-i -eprint q(ran)' good.pl",
      "perl '-F/x/);BEGIN{print q(ran)}(/x/' good.pl <data",
      "perl -n -0eeval good.pl data",
    ])("text does not run as a script by an option that has another one in it: %s (needs perl)", async (command) => {
    write("good.pl", 'open F, "data"; print "good";');
    const { file: contour } = await learnt("perl good.pl; perl good.pl <data");
    write("data", "print q(ran)");
    const text = `perl good.pl; ${command}`;
    const { report, stdout } = await supervise({
      directory: place,
      command: ["dash", "-c", text],
      mode: "enforce",
      contour,
    });
    write("data", "x");
    expect(stdout).toBe("good");
    expect(report.departures.map(({ act }) => act)).toEqual([expect.stringMatching(/^exec .*perl/)]);
  });

  test("a changed script is the same task under the default lens, and another under the exact one", async () => {
    const text = "node changing.js";
    const once = async (policy: typeof DEFAULT_POLICY) => {
      const { contour } = await learnt(text, policy);
      return Array.from(contour.tasks(), ({ id }) => id);
    };
    write("changing.js", READS);
    const [before, exactly] = [await once(DEFAULT_POLICY), await once(EXACT_POLICY)];
    write("changing.js", `${READS} // changed`);
    expect(await once(DEFAULT_POLICY)).toEqual(before);
    expect(await once(EXACT_POLICY)).not.toEqual(exactly);
  });

  test("a text among the arguments has a digest where the lens asks for it", async () => {
    expect(await tasks("dash -c 'exit 0'; dash -c 'exit 0 # other'")).toEqual(["dash (text)"]);
    const counts = parsePolicy({ rules: { "command-text": false } });
    expect(await tasks("dash -c 'exit 0'; dash -c 'exit 0 # other'", counts)).toHaveLength(2);
  });

  test("standard input is no script, and a script that is executed is its own", async () => {
    expect(await tasks("echo : | dash; dash words.sh; ./words.sh; ./linked")).toEqual([
      "dash (standard input)",
      "dash words.sh",
      "words.sh",
      "words.sh as linked",
    ]);
  });

  test.skipIf(!isInstalled("bash"))("login shells and made-up names are the same each time (needs bash)", async () => {
    const called = (name: string) => `bash -c 'exec -a "${name}" cat data'`;
    const once = (number: number) =>
      tasks(
        [`-cat`, `worker-${number}`, `postgres: user ${number} [idle]`, `${number}\n`, "x".repeat(number / 10)]
          .map(called)
          .join("\n"),
      );
    const first = await once(48_213);
    expect(first).toContain("cat");
    expect(first).toContain("cat as worker-$n");
    expect(first).toContain("cat as postgres$title");
    expect(await once(51_002)).toEqual(first);
  });
});
