/** What interpreters run, and what their arguments are read as: the programs of this machine, by command lines that were drawn. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { invocationOf, type Operand, type Words } from "@isoline/core/identity";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SYSTEM_PATH } from "../support/isoline.ts";
import { isCI, isInstalled } from "../support/machine.ts";

const LINES = isCI ? 600 : 25;
const MOST_WORDS = 4;

interface Interpreter {
  readonly program: string;
  /** Words in front of each command line. */
  readonly front?: readonly string[];
  /** A file that prints `script`, the same on standard input that prints `input`, and words of which some print `text`. */
  readonly script: readonly [name: string, content: string];
  readonly input: string;
  readonly words: readonly string[];
}

const shell = {
  script: ["S", "echo script\n"],
  input: "echo input\n",
  words: [
    ..."- -- + -c +c -e +e -x -ec -ce -s +s -o +o errexit -eo -oe -co -O +O extglob --norc -norc --rcfile".split(" "),
    ..."-rcfile --posix -posix -l -a -ac +ac -xs --login -r -h -B -p -C -u S S".split(" "),
    "echo text",
    "echo text",
  ],
} as const;

const interpreters: readonly Interpreter[] = [
  { program: "dash", ...shell },
  { program: "bash", ...shell },
  { program: "busybox", front: ["sh"], ...shell },
  {
    program: "perl",
    script: ["S", 'print "script\\n";\n'],
    input: 'print "input\\n";\n',
    words: [
      ..."- -- -w -we -e -le -l -l012 -0777 -0 -x -I . -I. -Mstrict -M strict -s -c -W -X -t -T -E -i -i.bak".split(
        " ",
      ),
      ..."-C -C7 -CS -a -F -F/,/ -u -U -S -V:version -Dx -f -g S S -l0e -0e -n -p -d:x".split(" "),
      "print qq(text\\n)",
      "-wi -e",
      "-w -e",
    ],
  },
  {
    program: "tclsh",
    script: ["S", "puts script\n"],
    input: "puts input\n",
    words: "- -- -encoding utf-8 S S -x".split(" "),
  },
  {
    program: "mawk",
    script: ["S", 'BEGIN { print "script" }\n'],
    input: "",
    words: [
      ..."- -- -F : -F: -v a=1 -va=1 -f S S -fS --version -W exec -Wexec -We --exec /dev/null".split(" "),
      'BEGIN { print "text" }',
      'BEGIN { print "text" }',
    ],
  },
  {
    program: "sed",
    script: ["S", "s/.*/script/\n"],
    input: "a line\n",
    words: [
      ..."- -- -n -e -f S S -fS --file=S -E -s -u -z -l 5 --quiet --pos --exp --fil -ne --expression=s/.*/text/".split(
        " ",
      ),
      "s/.*/text/",
      "p;s/.*/text/",
    ],
  },
  {
    program: "make",
    script: ["S", "all:\n\t@echo script\n"],
    input: "",
    words: [
      ..."- -- -f S S -fS --file=S --makefile -k -j 2 -C . -s -B V=1 all -I . -n --eval -E".split(" "),
      "--eval=all:;@echo text",
      "all:;@echo text",
    ],
  },
];

const wordsOf = (words: readonly string[]): Words => ({
  at: (index) => (index < words.length ? { bytes: Buffer.from(words[index] as string), isCut: false } : undefined),
});

/** Numbers that are the same in every run. */
function* drawn(): Generator<number> {
  for (let state = 7; ; state = (state * 1_103_515_245 + 12_345) % 2 ** 31) yield state / 2 ** 31;
}

describe.each(interpreters.filter(({ program }) => isInstalled(program)))("$program", ({ program, ...of }) => {
  let cwd = "";
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-arguments-"));
    writeFileSync(join(cwd, of.script[0]), of.script[1]);
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  /** Which of script, text and input ran; several where a program goes on with the next. */
  function ran(words: readonly string[]): readonly string[] {
    const env = { PATH: SYSTEM_PATH, HOME: "/nonexistent", LC_ALL: "C" };
    const { stdout } = spawnSync(program, words, { cwd, env, input: of.input, encoding: "utf8", timeout: 5000 });
    const lines = new Set(stdout.split("\n").map((line) => line.trim()));
    return ["script", "text", "input"].filter((what) => lines.has(what));
  }

  const said = (operand: Operand): string =>
    operand.kind === "text" ? "text" : operand.kind === "file" ? "script" : operand.name === "stdin" ? "input" : "?";

  it("runs nothing that its arguments were not read as, or they say that they are not clear", () => {
    const numbers = drawn();
    const draw = (most: number) => Math.floor(numbers.next().value * most);
    const lines = Array.from({ length: LINES }, () => [
      ...(of.front ?? []),
      ...Array.from({ length: 1 + draw(MOST_WORDS) }, () => of.words[draw(of.words.length)] as string),
    ]);
    const hidden = lines.filter((words) => {
      const { operands } = invocationOf({ file: program, program }, wordsOf([program, ...words]));
      const read = operands.map(said);
      return !read.includes("?") && ran(words).some((what) => !read.includes(what));
    });
    expect(hidden).toEqual([]);
  });
});
