import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { invocationOf } from "./invocation.ts";
import type { Operand } from "./operand.ts";
import { UNREADABLE, type Words, wordsOf } from "./words.ts";

const shown = (operand: Operand, words: readonly string[]): string => {
  if (operand.kind === "file") return `${String(operand.names[0])}${operand.names.length > 1 ? "…" : ""}`;
  return operand.kind === "text" ? `text:${words[operand.word]?.slice(operand.from)}` : operand.name;
};

/** What a program of that name is given to run by a command line. The words contain no blanks. */
function runs(program: string, line: string): string {
  const words = line.split(" ");
  const { operands } = invocationOf({ file: program, program }, wordsOf(words));
  return operands.map((operand) => shown(operand, words)).join(" ");
}

const asOf = (program: string, line: string) =>
  invocationOf({ file: program, program }, wordsOf(line.split(" ").map((word) => word.replaceAll("_", " ")))).as;

describe("what an interpreter was given to run", () => {
  test.each(["-i -eprint", "-C7 -eprint", "-i.bak -Mevil"])(
    "keeps what Perl reads after a blank in a word: %s",
    (word) => {
      const { operands } = invocationOf({ file: "perl", program: "perl" }, wordsOf(["perl", word, "x.pl"]));
      expect(operands.map((operand) => shown(operand, []))).toEqual([`?option:${word.replace(" ", "\\x20")}`, "x.pl"]);
    },
  );

  test.each([
    ["node", "node install.js --force", "install.js…"],
    ["node", "node --max-old-space-size=99 --enable-source-maps a.mjs b.js", "a.mjs…"],
    ["node", "node -r ./hook.js -r dotenv/config a.js", "./hook.js… module:dotenv/config a.js…"],
    ["node", "node --require=/evil.js a.js", "/evil.js… a.js…"],
    ["node", "node --import tsx a.ts", "module:tsx a.ts…"],
    ["node", "node -e 1+1 x", "text:1+1"],
    ["node", "node --eval=1+1", "text:1+1"],
    ["node", "node -pe 1+1", "text:1+1"],
    ["node", "node -p 1+1", "text:1+1"],
    ["node", "node -p -r /evil.js", "/evil.js… stdin"],
    ["node", "node -", "stdin"],
    ["node", "node", "stdin"],
    ["node", "node -- -x.js", "-x.js…"],
    ["node", "node --unheard-of a.js", "?option:--unheard-of a.js…"],
    ["node", "node --run build", "module:build"],
    ["nodejs", "node a.js", "a.js…"],
    ["python3.13", "python3 -Bu x.py -c no", "x.py"],
    ["python3", "python3 -c print() x.py", "text:print()"],
    ["python3", "python3 -Bcprint()", "text:print()"],
    ["python3", "python3 -m pytest -q", "module:pytest"],
    ["python3", "python3 -W ignore -Xdev -m json.tool", "module:json.tool"],
    ["python3", "python3 - x.py", "stdin"],
    ["python3", "python3", "stdin"],
    ["dash", "sh build.sh -c x", "build.sh"],
    ["dash", "sh -c text zero", "text:text"],
    ["dash", "sh -ec text", "text:text"],
    ["dash", "sh -c -e text", "text:text"],
    ["dash", "sh -eo errexit build.sh", "build.sh"],
    ["dash", "sh +e -- build.sh", "build.sh"],
    ["dash", "sh -s a b", "stdin"],
    ["dash", "sh", "stdin"],
    ["bash", "bash --norc -euo pipefail x.sh", "x.sh"],
    ["bash", "bash -norc x.sh", "x.sh"],
    ["bash", "bash --rcfile rc -i", "rc stdin"],
    ["bash", "bash -O extglob -c text", "text:text"],
    ["bash", "bash --unheard-of x.sh", "?option:--unheard-of x.sh"],
    ["bash", "bash +c text", "?option:+c text:text"],
    ["dash", "sh -e +xc text", "?option:+xc text:text"],
    ["bash", "bash +s x.sh", "?option:+s x.sh"],
    ["dash", "sh + -c text", "?option:+ text:text"],
    ["bash", "bash -x -rcfile text zero", "text:text"],
    ["bash", "bash -x -norc errexit text", "?option:-norc text:text"],
    ["bash-static", "bash x.sh", "x.sh"],
    ["zsh", "zsh -f x", "x"],
    ["zsh", "zsh -emulate x y", "x"],
    ["zsh", "zsh --emulate sh x", "x"],
    ["zsh", "zsh -fb -e x", "-e"],
    ["perl", "perl -w -Ilib x.pl", "x.pl"],
    ["perl", "perl -I lib -MFoo=bar -0777 -ne text x", "module:Foo=bar text:text"],
    ["perl", "perl -i.bak -pe text", "text:text"],
    ["perl", "perl -d:Evil x.pl", "module::Evil x.pl"],
    ["perl5.40", "perl -l012 -x x.pl", "x.pl"],
    ["perl", "perl -C7 -l0 -0x41 x.pl", "x.pl"],
    ["perl", "perl -n -0eeval x.pl -", "text:eval"],
    ["perl", "perl -F/,/ x.pl", "text:/,/ x.pl"],
    ["perl", "perl -Ftext", "text:text stdin"],
    ["perl", "perl -M strict x.pl", "module:strict x.pl"],
    ["perl", "perl -S x.pl", "?option:-S x.pl"],
    ["zsh", "zsh -oerrexit -s x", "?option:-oerrexit x"],
    ["bash", "bash -eo pipefail x.sh", "x.sh"],
    ["ruby", "ruby -W0 -W:no-deprecated -Ku -T1 x.rb", "x.rb"],
    ["ruby", "ruby -W0ecode x.rb", "?option:-W0ecode x.rb"],
    ["ruby", "ruby -Kuecode x.rb", "?option:-Kuecode x.rb"],
    ["ruby", "ruby -S x.rb", "?option:-S x.rb"],
    ["luajit", "luajit -j on x.lua", "module:on x.lua"],
    ["ruby3.3", "ruby -rjson -I lib x.rb", "module:json x.rb"],
    ["php8.4", "php -d a=b -f x.php", "module:a=b x.php"],
    ["php8.4", "php -c x.ini -f x.php", "x.ini x.php"],
    ["php8.4", "php --define a=b x.php", "module:a=b x.php"],
    ["php", "php x.php y.php", "x.php"],
    ["php", "php -- x.php", "stdin"],
    ["php", "php -r text", "text:text"],
    ["lua5.4", "lua -e text -l mod x.lua", "text:text module:mod x.lua"],
    ["lua", "lua -e text", "text:text"],
    ["java", "java -Xmx1g -Da=b -cp a.jar:lib/b.jar org.Main x", "a.jar lib/b.jar class:org.Main"],
    ["java", "java -jar app.jar org.Main", "app.jar"],
    ["java", "java -javaagent:spy.jar=x -jar app.jar", "spy.jar app.jar"],
    ["java", "java -Xrunspy:x=y -XX:VMOptionsFile=more -Xint Main", "module:spy:x more class:Main"],
    ["java", "java Main.java", "Main.java"],
    ["java", "java @args Main", "args ?option:@ class:Main"],
    ["make", "make all -f evil.mk", "evil.mk"],
    ["make", "make --makef=evil.mk", "evil.mk"],
    ["make", "make -C sub -j4 all", "sub/GNUmakefile…"],
    ["make", "make -C a -C b -f x.mk", "a/b/x.mk"],
    ["make", "make -j 4 V=1", "GNUmakefile…"],
    ["mawk", "awk -F: text file", "text:text"],
    ["gawk", "awk -f x.awk -f y.awk file", "x.awk y.awk"],
    ["mawk", "awk -W exec x.awk -f y.awk", "x.awk"],
    ["mawk", "awk -We x.awk", "x.awk"],
    ["gawk", "awk -W source=text file", "text:text"],
    ["gawk", "awk -Wsource=text file", "text:text"],
    ["mawk", "awk -W dump text", "?option:--dump text:text"],
    ["sed", "sed -n text file -f late.sed", "late.sed"],
    ["sed", "sed -ie -E text", "text:text"],
    ["sed", "sed --expression=text", "text:text"],
    ["tclsh8.6", "tclsh x.tcl", "x.tcl"],
    ["tclsh8.6", "tclsh x.tcl -encoding", "x.tcl"],
    ["tclsh8.6", "tclsh -encoding utf-8 x.tcl", "x.tcl"],
    ["tclsh8.6", "tclsh -- x.tcl", "?option:-- stdin"],
    ["tclsh8.6", "tclsh -x x.tcl", "?option:-x stdin"],
    ["tclsh8.6", "tclsh -encoding utf-8 -x x.tcl", "?option:-x stdin"],
    ["tclsh8.6", "tclsh -encoding utf-8", "?option:-encoding stdin"],
    ["tclsh8.6", "tclsh", "stdin"],
    ["expect", "expect -c text", "text:text stdin"],
    ["ld-linux-x86-64.so.2", "ld.so --preload a.so:b.so --argv0 x /bin/id", "a.so b.so module:x /bin/id"],
    ["ld-linux-x86-64.so.2", "ld.so /usr/bin/python3.13 -B x.py y", "/usr/bin/python3.13 x.py"],
    ["ld-linux-x86-64.so.2", "ld.so /bin/busybox sh -c text", "/bin/busybox module:sh text:text"],
    ["ld-musl-x86_64.so.1", "ld.so ld.so /bin/sh x.sh", "ld.so /bin/sh x.sh"],
    ["ld-2.31.so", "/lib64/ld-linux-x86-64.so.2 ./x y", "./x"],
    ["busybox", "busybox sh -x y.sh", "y.sh"],
    ["busybox", "sh -c text", "text:text"],
    ["busybox", "busybox busybox awk text", "text:text"],
    ["busybox.static", "sed -f x.sed", "x.sed"],
    ["cat", "node x.js", ""],
    ["bash", "bash /dev/fd/63", "descriptor"],
    ["cat", "cat x", ""],
    ["python3-config", "python3-config --libs", ""],
    ["env", "env node x.js", ""],
  ])("%s: %s", (program, line, expected) => {
    expect(runs(program, line)).toBe(expected);
  });

  test("two long names that begin alike are two", () => {
    const text = `data:text/javascript,${"x".repeat(200)}`;
    const [one, other] = ["1", "2"].map((end) => runs("node", `node --import ${text}${end} a.js`));
    expect(one).not.toBe(other);
    expect([one, other].every((each) => (each?.length ?? 0) < 300)).toBe(true);
    expect(runs("perl", `perl -M${text}1 x.pl`)).not.toBe(runs("perl", `perl -M${text}2 x.pl`));
  });

  test("a loader that is given loaders without end says so", () => {
    expect(runs("ld.so", `ld.so ${"/lib/ld.so ".repeat(100)}/bin/sh x`)).toMatch(/ \?too-many$/);
  });

  test("an empty word is a file without a name and does not end the options", () => {
    expect(invocationOf({ file: "dash", program: "dash" }, wordsOf(["sh", "", "x"])).operands).toHaveLength(1);
  });

  test("a script is identified by its image, unless its interpreter runs something else", () => {
    const script = (name: string, words: readonly string[], front = 2, program = "dash") =>
      invocationOf({ file: name, program, script: { name: Buffer.from(name), words: front } }, wordsOf(words));
    expect(script("./x.sh", ["/bin/sh", "./x.sh", "-c", "no"]).operands).toEqual([]);
    expect(script("./x.pl", ["/bin/perl", "-Mwarnings", "./x.pl"], 3, "perl").operands).toEqual([]);
    const other = script("./x.mk", ["/bin/make", "-f", "./x.mk", "-f", "evil.mk"], 3, "make").operands;
    expect(other).toEqual([{ kind: "file", names: [Buffer.from("evil.mk")], word: 4 }]);
    expect(script("-c", ["/bin/sh", "-c", "evil"]).operands).toEqual([{ kind: "text", word: 2, from: 0 }]);
  });

  test("an argument that cannot be read is reported and never counts as absent", () => {
    const closed = (from: number, ...words: string[]): Words => {
      const open = wordsOf(words);
      return { at: (index) => (index >= from ? UNREADABLE : open.at(index)) };
    };
    for (const [program, words] of [
      ["node", closed(1, "node")],
      ["dash", closed(2, "sh", "-e")],
      ["busybox", closed(1, "busybox")],
      ["git", closed(1, "git")],
    ] as const) {
      const { operands } = invocationOf({ file: program, program }, words);
      expect(operands).toContainEqual(expect.objectContaining({ name: "?unreadable" }));
    }
    const cut: Words = { at: (at) => (at < 2 ? { bytes: Buffer.from("node"), isCut: at === 1 } : undefined) };
    expect(invocationOf({ file: "node", program: "node" }, cut).operands).toEqual([
      { kind: "name", name: "?cut", word: 1 },
    ]);
  });
});

describe("the name it was called by", () => {
  test.each([
    ["cat", "cat x", undefined],
    ["cat", "/bin/cat x", undefined],
    ["busybox", "cat x", "cat"],
    ["busybox", "/bin/cat x", "cat"],
    ["busybox", "-sh", "sh"],
    ["busybox", "busybox cat", "cat"],
    ["busybox", "busybox /usr/bin/cat", "cat"],
    ["busybox", "busybox", undefined],
    ["busybox", "busybox-extras id", "id"],
    ["toybox", "toybox id", "id"],
    ["coreutils", "coreutils --coreutils-prog=cat x", "cat"],
    ["coreutils", "coreutils cat x", "cat"],
    ["coreutils", "ls", "ls"],
    ["llvm", "llvm ar", "ar"],
    ["git", "git status", "git-status"],
    ["git", "git -C there --git-dir=x -c a=b push x", "git-push"],
    ["git", "git-upload-pack x", "git-upload-pack"],
    ["git", "git --version", undefined],
    ["dash", "sh -c x", "sh"],
    ["cat", "$title", "$literal:$title"],
    ["cat", "", "$nothing"],
    ["cat", "two_words", "two\\x20words"],
  ])("%s: %s", (program, line, expected) => {
    expect(asOf(program, line)).toBe(expected);
  });

  test("a script's is the last component of the path that it was executed by", () => {
    const script = Buffer.from("/usr/bin/npm");
    const called = { file: "npm-cli.js", program: "env", script: { name: script, words: 3 } };
    expect(invocationOf(called, wordsOf(["/usr/bin/env", "node", "/usr/bin/npm"])).as).toBe("npm");
  });

  test("a long one is cut", () => {
    expect(asOf("cat", "x".repeat(100_000))?.length).toBe(255);
  });
});

test("any arguments give a result of bounded length that an event can hold", () => {
  const programs = fc.constantFrom(
    "node",
    "dash",
    "bash",
    "perl",
    "java",
    "make",
    "sed",
    "busybox",
    "git",
    "php",
    "ruby",
    "lua",
  );
  const word = fc.oneof(
    fc.constantFrom("-", "--", "-c", "-e", "-f", "-C", "--x=", "-r", "@a", "=", "", "sh", "-jar", "busybox"),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0))),
  );
  fc.assert(
    fc.property(programs, fc.array(word, { maxLength: 12 }), (program, words) => {
      const { as, operands } = invocationOf({ file: program, program }, wordsOf(words));
      expect(as ?? "x").toMatch(/^[^\s]*$/);
      expect(operands.length).toBeLessThan(64);
      const names = operands.map((operand) => (operand.kind === "name" ? operand.name : "x"));
      expect(names.join("")).toMatch(/^\S*$/);
      const texts = operands.map((operand) => (operand.kind === "text" ? words[operand.word] : ""));
      expect(texts).not.toContain(undefined);
    }),
    { numRuns: 2000 },
  );
});
