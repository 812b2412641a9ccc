/** What was learnt in a jail holds in that jail: a program that leaves out the step into it may not do it outside. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cwd, isoline, report } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { listen } from "../escaping.mjs";

const program = fileURLToPath(new URL("../jail.pl", import.meta.url));
const place = join(cwd, "place");
/** Of a network without a loopback interface that is up. */
const UNREACHABLE = "errno 101\n";

describe("jails", { skip }, () => {
  /** @type {Awaited<ReturnType<typeof listen>>} */
  let server;
  before(async () => {
    server = await listen();
    for (const directory of [place, join(cwd, "jail", place), join(cwd, "jail/inner")])
      mkdirSync(directory, { recursive: true });
    writeFileSync(join(place, "config"), "secret\n");
    for (const jailed of [join("jail", place), "jail/inner"]) writeFileSync(join(cwd, jailed, "config"), "jail\n");
  });
  after(() => server.close());

  const outside = /^open access=read path=\$CWD\/place\/config /m;
  /** @type {readonly (readonly [kind: string, inside: string, told: RegExp, free: string, refused: RegExp])[]} */
  const kinds = [
    ["root", "jail\n", /open access=read path=\$IN:\$CWD\/jail\/\/\S*config /, "secret\n", outside],
    ["mounts", "jail\n", /open access=read path=\$IN:\$CWD\/jail\/inner\/\/config /, "secret\n", outside],
    ["network", UNREACHABLE, /connect .*address=\$NET:unknown\/127\.0\.0\.1:/, "reached\n", /^socket family=inet /m],
  ];
  for (const [kind, inside, told, free, refused] of kinds) {
    test(`another ${kind}: known there, refused outside`, () => {
      const command = (/** @type {string} */ step) => ["--", "perl", program, kind, step, place, String(server.port)];
      const learnt = isoline("learn", "--sensor", "bpf", "-q", "-o", "jail.contour", ...command("step"));
      equal(learnt.stdout, inside, learnt.stderr);
      match(readFileSync(join(cwd, "jail.contour"), "utf8"), told);
      const watched = ["check", "jail.contour", "--sensor", "bpf", "-q", "--report", "jail.json"];
      equal(isoline(...watched, ...command("step")).stdout, inside);
      const { off, incomplete } = report("jail.json");
      deepEqual([off, incomplete], [0, []]);
      const [, perl = "", ...words] = command("skip");
      equal(spawnSync(perl, words, { cwd, encoding: "utf8" }).stdout, free);
      const enforced = ["run", "jail.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "skip.json"];
      equal(isoline(...enforced, ...command("skip")).stdout, "errno 1\n");
      const acts = report("skip.json").departures.map((/** @type {{ act: string }} */ { act }) => act);
      match(acts.join("\n"), refused);
    });
  }
});
