/** Builds: many small compilations in parallel, a configure script, CMake. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("../place.mjs").Workload} Workload */

const numbers = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => index + 1);

/** Units and a program made of them. @param {string} directory @param {number} count */
function writeUnits(directory, count) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, "all.h"),
    `#include <stdio.h>\n${numbers(count)
      .map((n) => `int unit${n}(int);`)
      .join("\n")}\n`,
  );
  for (const n of numbers(count)) {
    writeFileSync(join(directory, `unit${n}.c`), `#include "all.h"\nint unit${n}(int x) { return x * ${n} + 1; }\n`);
  }
  const calls = numbers(count)
    .map((n) => `unit${n}(${n})`)
    .join(" + ");
  writeFileSync(
    join(directory, "main.c"),
    `#include "all.h"\nint main(void) { return printf("%d\\n", ${calls}) < 0; }\n`,
  );
}

/** @param {number} count @returns {Workload} */
const compiling = (count) => ({
  name: "compile",
  says: `${count} small C files with \`make -j2\`, linked and run`,
  programs: ["make", "gcc"],
  prepare(cwd) {
    writeUnits(cwd, count);
    const objects = ["main", ...numbers(count).map((n) => `unit${n}`)].map((name) => `${name}.o`).join(" ");
    writeFileSync(
      join(cwd, "Makefile"),
      `run: program\n\t./program\nprogram: ${objects}\n\tgcc -o $@ ${objects}\n%.o: %.c all.h\n\tgcc -O1 -c -o $@ $<\n`,
    );
  },
  command: ["make", "-j2"],
});

export const compile = compiling(30);
/** For a virtual machine, where a compiler takes seconds for a file. */
export const compileFew = compiling(6);

/** @type {Workload} */
export const autotools = {
  name: "autotools",
  says: "`./configure`, `make -j4`, `make install` of a small autoconf package",
  programs: ["autoreconf", "automake", "make", "gcc"],
  prepare(cwd) {
    writeUnits(cwd, 12);
    const sources = ["main", ...numbers(12).map((n) => `unit${n}`)].map((name) => `${name}.c`).join(" ");
    writeFileSync(
      join(cwd, "configure.ac"),
      [
        "AC_INIT([tiny],[1.0])",
        "AM_INIT_AUTOMAKE([foreign subdir-objects])",
        "AC_PROG_CC",
        "AC_CHECK_HEADERS([unistd.h nothere.h])",
        "AC_CHECK_FUNCS([mkstemp strlcpy])",
        "AC_SEARCH_LIBS([pow],[m])",
        "AC_CONFIG_HEADERS([config.h])",
        "AC_CONFIG_FILES([Makefile])",
        "AC_OUTPUT",
        "",
      ].join("\n"),
    );
    writeFileSync(join(cwd, "Makefile.am"), `bin_PROGRAMS = tiny\ntiny_SOURCES = all.h ${sources}\n`);
    execFileSync("autoreconf", ["--install"], { cwd, stdio: "ignore" });
    // Autoconf takes the name of its cache from the time. Leftovers of autoconf are not part of the workload.
    execFileSync("rm", ["-rf", "autom4te.cache"], { cwd });
    writeFileSync(
      join(cwd, "build.sh"),
      // By default the debugging information names the directory, so that the content of the program that is run differs.
      'set -e\n./configure --prefix=/usr --quiet CFLAGS="-g -O2 -ffile-prefix-map=$PWD=."\nmake -s -j4\nmake -s install DESTDIR=$PWD/image\n./image/usr/bin/tiny\n',
    );
  },
  command: ["sh", "build.sh"],
};

/** @type {Workload} */
export const cmake = {
  name: "cmake",
  says: "CMake configures and builds a library and a program with Ninja",
  programs: ["cmake", "ninja", "gcc"],
  prepare(cwd) {
    writeUnits(join(cwd, "source"), 8);
    const units = numbers(8)
      .map((n) => `unit${n}.c`)
      .join(" ");
    writeFileSync(
      join(cwd, "source/CMakeLists.txt"),
      `cmake_minimum_required(VERSION 3.16)\nproject(tiny C)\nadd_library(units STATIC ${units})\nadd_executable(tiny main.c)\ntarget_link_libraries(tiny units)\n`,
    );
    writeFileSync(
      join(cwd, "build.sh"),
      "set -e\ncmake -S source -B build -G Ninja >/dev/null\ncmake --build build >/dev/null\n./build/tiny\n",
    );
    chmodSync(join(cwd, "build.sh"), 0o755);
  },
  command: ["sh", "build.sh"],
};
