/** Completion scripts, run by their shells. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isoline, program, temporaryPlace } from "./isoline.ts";
import { isInstalled } from "../support/machine.ts";

const place = temporaryPlace();

function scriptFor(shell: string): string {
  const path = place.path(`isoline.${shell}`);
  writeFileSync(path, isoline(["completion", shell]).stdout);
  return path;
}

describe.skipIf(!isInstalled("bash"))("bash", () => {
  /** What bash offers for the last word; `-` if it completes file names. */
  const offers = (...words: readonly string[]): string[] => {
    const listed = words.map((word) => `'${word}'`).join(" ");
    const run = `
      isoline() { "${program}" "$@"; }
      compopt() { echo -; }
      source "${scriptFor("bash")}"
      COMP_WORDS=(isoline ${listed}) COMP_CWORD=${words.length}
      _isoline
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", run], { encoding: "utf8" });
    expect(stderr).toBe("");
    return stdout.split("\n").filter((line) => line !== "");
  };

  it("offers commands", () => {
    expect(offers("")).toEqual(expect.arrayContaining(["learn", "check", "doctor", "--help"]));
    expect(offers("re")).toEqual(["replay"]);
  });

  it("offers the options of a command", () => {
    expect(offers("learn", "--m")).toEqual(["--merge"]);
    expect(offers("run", "app.contour", "--en")).toEqual([
      "--enforce",
      "--engine",
      "--engine-key",
      "--engine-trust",
      "--engine-deadline",
    ]);
    expect(offers("show", "--m")).toEqual([]);
  });

  it("offers the values of an option", () => {
    expect(offers("replay", "--profile", "")).toEqual(["iso1", "quixote", "iso2017"]);
    expect(offers("learn", "--lens", "")).toEqual(["-", "default", "exact"]);
    expect(offers("learn", "-o", "")).toEqual(["-"]);
  });

  it("leaves files to the shell, and commands after the dashes", () => {
    expect(offers("show", "")).toEqual(["-"]);
    expect(offers("run", "app.contour", "--", "bas")).toContain("bash");
    expect(offers("run", "app.contour", "--", "cat", "--e")).toEqual(["-"]);
  });
});

describe.each(["zsh", "fish"])("%s", (shell) => {
  it.skipIf(!isInstalled(shell))("parses its script", () => {
    const { status, stderr } = spawnSync(shell, ["-n", scriptFor(shell)], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it.skipIf(!isInstalled(shell) || shell !== "fish")("offers commands and options", () => {
    const offers = (line: string) =>
      spawnSync("fish", ["-N", "-c", `source ${scriptFor("fish")}; complete -C '${line}'`], { encoding: "utf8" })
        .stdout;
    expect(offers("isoline re")).toMatch(/^replay\t/);
    expect(offers("isoline learn --me")).toMatch(/^--merge\t/);
    expect(offers("isoline replay --profile q")).toMatch(/quixote/);
  });
});
