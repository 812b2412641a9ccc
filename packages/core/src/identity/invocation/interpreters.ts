/**
 * Interpreters by file name without a version (`python3.13` is `python`), and how each reads its arguments. The sources are the
 * manuals named below. A program that is not listed acts as itself, whatever its arguments are.
 */
import { attached, digits, each, fitting, type Grammar, last, maybe, next } from "./grammar.ts";
import type { ShellGrammar } from "./shell.ts";

/** node(1), Node.js 20 to 24; other options, such as those of V8, are kept by name. */
const node: Grammar = {
  flags: "",
  hasLongLetters: true,
  flagWords:
    "-i --interactive -c --check -h --help -v --version --test --test-only --test-force-exit --watch --watch-preserve-output " +
    "--inspect --inspect-brk --inspect-wait --enable-source-maps --no-warnings --no-deprecation --trace-warnings " +
    "--trace-deprecation --trace-uncaught --throw-deprecation --pending-deprecation --preserve-symlinks " +
    "--preserve-symlinks-main --experimental-vm-modules --experimental-strip-types --experimental-transform-types " +
    "--no-experimental-strip-types --experimental-test-coverage --experimental-sqlite --experimental-wasm-modules " +
    "--no-addons --expose-internals --expose-gc --jitless --prof --cpu-prof --heap-prof --interpreted-frames-native-stack " +
    "--perf-basic-prof --force-fips --enable-fips --use-openssl-ca --use-bundled-ca --openssl-legacy-provider " +
    "--permission --experimental-permission --allow-child-process --allow-worker --allow-addons --allow-wasi " +
    "--no-node-snapshot --node-snapshot --report-on-signal --abort-on-uncaught-exception --frozen-intrinsics --single-threaded " +
    "--no-opt --no-global-search-paths --no-experimental-require-module --experimental-require-module --insecure-http-parser",
  words: {
    ...each("-e --eval -pe", next("text")),
    ...each("-r --require --import --loader --experimental-loader", next("either-beside")),
    ...each("--test-reporter --test-global-setup", next("either-beside")),
    ...each("--env-file --env-file-if-exists", next("skip")),
    ...each("--snapshot-blob --build-snapshot-config --experimental-sea-config", next("file-beside")),
    ...each(
      "-C --conditions --input-type --experimental-default-type --title --disable-warning --redirect-warnings",
      next("skip"),
    ),
    ...each(
      "--max-http-header-size --stack-trace-limit --max-old-space-size --max-semi-space-size --stack-size",
      attached(),
    ),
    ...each("--max_old_space_size --unhandled-rejections --inspect-port --debug-port --dns-result-order", next("skip")),
    ...each(
      "--test-name-pattern --test-skip-pattern --test-reporter-destination --test-shard --test-timeout",
      next("skip"),
    ),
    ...each(
      "--test-concurrency --test-isolation --watch-path --allow-fs-read --allow-fs-write --icu-data-dir",
      next("skip"),
    ),
    ...each(
      "--diagnostic-dir --report-dir --report-directory --report-filename --report-signal --cpu-prof-dir",
      next("skip"),
    ),
    ...each(
      "--cpu-prof-name --heap-prof-dir --heap-prof-name --trace-event-categories --v8-pool-size --tls-cipher-list",
      next("skip"),
    ),
    ...each("--openssl-config --secure-heap --secure-heap-min --disable-proto --localstorage-file", next("skip")),
    ...each("-p --print", maybe("text")),
    "--run": next("module"),
  },
  operand: "file",
  endings: [".js", ".json", ".node", ".mjs"],
  without: "input",
};

/** python3(1), and options of older versions. */
const python: Grammar = {
  flags: "bBdEhiIJOPqRsStuvVx?3",
  letters: { c: last("text"), m: last("module"), W: next("skip"), X: next("skip"), Q: next("skip") },
  flagWords: "--version --help --help-all --help-env --help-xoptions",
  words: { "--check-hash-based-pycs": next("skip") },
  operand: "file",
  without: "input",
};

/**
 * perlrun(1). `-S` looks for the script elsewhere. After a blank in a word, Perl goes on reading options (perl.c, moreswitches), and
 * the pattern of `-F` becomes part of the program.
 */
const perl: Grammar = {
  flags: "acfghnpstTuUvwWX",
  letters: {
    "0": digits(/^(?:x[0-9a-fA-F]+$|[0-7]*)/),
    l: digits(/^[0-7]*/),
    ...each("C i", fitting(/^\S*$/)),
    D: fitting(/^\w*$/),
    F: attached("text-beside"),
    ...each("x V", attached()),
    ...each("e E", next("text")),
    ...each("m M", next("module-beside")),
    d: attached("module-beside"),
    I: next("skip"),
  },
  operand: "file",
  without: "input",
};

/** ruby(1). `-S` looks for the script elsewhere. After the level of `-T` and `-W`, and the letter of `-K`, options may follow. */
const ruby: Grammar = {
  flags: "aclnpsvwhyUd",
  letters: {
    "0": digits(/^[0-7]*/),
    T: fitting(/^[0-9]*$/),
    W: fitting(/^(?:[0-7]?|:[\w-]+)$/),
    K: fitting(/^.?$/),
    ...each("F i x", attached()),
    e: next("text"),
    r: next("either-beside"),
    ...each("C X", next("directory")),
    ...each("I E", next("skip")),
  },
  flagWords: "--version --help --verbose --debug --yydebug --copyright --jit --yjit --rjit --disable-all --enable-all",
  words: each(
    "--enable --disable --encoding --external-encoding --internal-encoding --dump --backtrace-limit --parser",
    next("skip"),
  ),
  operand: "file",
  without: "input",
};

/** php(1). A setting may name a file that runs first. */
const php: Grammar = {
  flags: "aChHilmnqsvw",
  letters: {
    ...each("f F", next("file")),
    ...each("r B R E", next("text")),
    ...each("z c", next("file-beside")),
    d: next("module-beside"),
    ...each("g t S", next("skip")),
  },
  flagWords: "--version --help --interactive --info --modules --no-php-ini --strip --ini --syntax-check --no-header",
  words: {
    ...each("--file --process-file", next("file")),
    ...each("--run --process-begin --process-code --process-end", next("text")),
    "--php-ini": next("file-beside"),
    "--define": next("module-beside"),
    ...each("--server --docroot", next("skip")),
  },
  hasOnlyArgumentsLast: true,
  operand: "file",
  without: "input",
};

/** lua(1), luajit(1) */
const lua: Grammar = {
  flags: "ivEW",
  letters: {
    e: next("text-beside"),
    l: next("either-beside"),
    j: next("module-beside"),
    ...each("b O", attached()),
  },
  isTextEnough: true,
  operand: "file",
  without: "input",
};

/** java(1) */
const java: Grammar = {
  flags: "",
  hasLongLetters: true,
  flagWords:
    "-server -client -version --version -showversion --show-version -help --help -X -ea -da -esa -dsa -enableassertions " +
    "-disableassertions -Xint -Xcomp -Xmixed -Xbatch -Xrs --enable-preview --list-modules --validate-modules --dry-run",
  words: {
    "-jar": last("file"),
    ...each("-m --module", last("module")),
    ...each("-cp -classpath --class-path -p --module-path --upgrade-module-path --patch-module", next("files-beside")),
    ...each(
      "--add-modules --limit-modules --add-exports --add-opens --add-reads --source --enable-native-access",
      next("skip"),
    ),
    ...each("-d --describe-module", next("skip")),
    ...each("-javaagent:* -agentpath:*", attached("file-beside")),
    ...each("-Xbootclasspath:* -Xbootclasspath/a:* -Xbootclasspath/p:*", attached("files-beside")),
    ...each("-agentlib:* -Xrun*", attached("module-beside")),
    ...each("-XX:Flags -XX:VMOptionsFile", attached("file-beside")),
    ...each("-D* -X* -verbose* -ea:* -da:* -splash:*", attached()),
  },
  hasArgumentFiles: true,
  operand: "class",
};

/** make(1): the files it looks for if none is given. */
const make: Grammar = {
  flags: "bBdehikLnpqrRsStvw",
  letters: {
    f: next("file"),
    C: next("directory"),
    E: next("text-beside"),
    ...each("I o W", next("skip")),
    ...each("j l O", attached()),
  },
  isGnu: true,
  flagWords:
    "--always-make --environment-overrides --ignore-errors --keep-going --check-symlink-times --just-print --dry-run --recon " +
    "--print-data-base --question --no-builtin-rules --no-builtin-variables --silent --quiet --no-silent --no-keep-going --stop " +
    "--touch --trace --version --help --print-directory --no-print-directory --warn-undefined-variables --jobserver-style",
  words: {
    ...each("--file --makefile", next("file")),
    "--directory": next("directory"),
    "--eval": next("text-beside"),
    ...each("--include-dir --old-file --assume-old --what-if --new-file --assume-new", next("skip")),
    ...each(
      "--jobs --load-average --max-load --debug --output-sync --jobserver-auth --jobserver-fds --shuffle",
      attached(),
    ),
  },
  operand: "nothing",
  without: ["GNUmakefile", "makefile", "Makefile"],
};

/** awk(1p), mawk(1), gawk(1) */
const awk: Grammar = {
  flags: "bcCghkMnNOPrsStvV",
  letters: {
    f: next("file"),
    E: last("file"),
    e: next("text"),
    ...each("i l", next("either-beside")),
    ...each("F v", next("skip")),
    W: next("long"),
    ...each("d D L o p", attached()),
  },
  flagWords: "--version --help --posix --traditional --re-interval --sandbox --csv --bignum --characters-as-bytes",
  words: {
    "--file": next("file"),
    // mawk takes any beginning of the word, in `-We` as well; for gawk, one that is too short is an error.
    ...each("--exec --exe --ex --e", last("file")),
    "--source": next("text"),
    ...each("--include --load", next("either-beside")),
    ...each("--field-separator --assign", next("skip")),
  },
  operand: "text",
};

/** sed(1) */
const sed: Grammar = {
  flags: "nrEsuzb",
  letters: { e: next("text"), f: next("file"), i: attached(), l: next("skip") },
  isGnu: true,
  flagWords:
    "--quiet --silent --debug --follow-symlinks --posix --regexp-extended --separate --sandbox --unbuffered --null-data " +
    "--zero-terminated --binary --help --version",
  words: {
    "--expression": next("text"),
    "--file": next("file"),
    "--in-place": attached(),
    "--line-length": next("skip"),
  },
  operand: "text",
};

/** tclsh(1), wish(1) */
const tcl: Grammar = {
  flags: "",
  hasLongLetters: true,
  words: { "-encoding": next("skip") },
  hasOperandFirst: true,
  operand: "file",
  without: "input",
};

/** expect(1) */
const expect: Grammar = {
  flags: "dinNvb",
  letters: { c: next("text-beside"), f: next("file"), D: next("skip") },
  operand: "file",
  without: "input",
};

/** ld.so(8), and the loader of musl, when they are executed with a program as an argument. */
const loader: Grammar = {
  flags: "",
  flagWords: "--list --verify --inhibit-cache --list-tunables --list-diagnostics --help --version",
  words: {
    ...each("--preload --audit", next("files-beside")),
    ...each("--library-path --inhibit-rpath --glibc-hwcaps-prepend --glibc-hwcaps-mask", next("skip")),
    "--argv0": next("module-beside"),
  },
  operand: "file",
  runsPrograms: true,
};

/** The names of glibc's loader before version 2.34, when `ld-linux-x86-64.so.2` was a link. */
const oldLoaders = Array.from({ length: 22 }, (_, at) => `ld-2.${at + 12}.so`).join(" ");

const plainShell: ShellGrammar = { valued: "o", words: {}, flagWords: "" };

/** bash(1) */
const bash: ShellGrammar = {
  valued: "oO",
  words: { "init-file": "file", rcfile: "file" },
  flagWords:
    "login noprofile norc posix restricted verbose version help debugger dump-strings dump-po-strings noediting noprofile " +
    "pretty-print protected wordexp debug",
  hasOneDash: true,
};

/** ksh93, mksh(1) */
const ksh: ShellGrammar = { valued: "oATR", words: {}, flagWords: "" };

/** zsh(1) */
const zsh: ShellGrammar = { valued: "o", words: { emulate: "skip" }, flagWords: "help version", end: "b" };

export type Interpreter =
  | { readonly kind: "grammar"; readonly grammar: Grammar }
  | { readonly kind: "shell"; readonly grammar: ShellGrammar };

const byName: ReadonlyMap<string, Interpreter> = new Map([
  ...rows("node nodejs", node),
  ...rows("python pypy", python),
  ...rows("perl", perl),
  ...rows("ruby jruby truffleruby", ruby),
  ...rows("php php-cgi", php),
  ...rows("lua luajit", lua),
  ...rows("java", java),
  ...rows("make gmake", make),
  ...rows("awk mawk gawk nawk original-awk", awk),
  ...rows("sed gsed", sed),
  ...rows("tclsh wish", tcl),
  ...rows("expect", expect),
  ...rows(`ld.so ld-linux.so ld-linux-x86-64.so ld-musl-x86_64.so ${oldLoaders}`, loader),
  ...shells("sh dash ash hush yash posh", plainShell),
  ...shells("bash rbash bash-static", bash),
  ...shells("ksh mksh mksh-static lksh rksh", ksh),
  ...shells("zsh rzsh zsh-static", zsh),
]);

function rows(names: string, grammar: Grammar): (readonly [string, Interpreter])[] {
  return names.split(" ").map((name) => [name, { kind: "grammar", grammar }] as const);
}

function shells(names: string, grammar: ShellGrammar): (readonly [string, Interpreter])[] {
  return names.split(" ").map((name) => [name, { kind: "shell", grammar }] as const);
}

/** `python3.13`, `lua5.4`, `php8.4`, `ld-linux-x86-64.so.2`. A name with a hyphen may be another program (`python3-config`). */
const VERSION = /[.-]?\d[\d.]*$/;

/** Names of interpreters without a version, for a sensor that must know in advance which programs' arguments count. */
export const interpreterNames: readonly string[] = [...byName.keys()];

/** The interpreter that a file is, by the last component of its path. */
export function interpreterCalled(name: string): Interpreter | undefined {
  return byName.get(name) ?? byName.get(name.replace(VERSION, ""));
}
