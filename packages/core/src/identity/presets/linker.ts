/** Linkers by name, with the prefix that a distribution gives them, and the programs that finish what they began. */
import type { ToolRule } from "../tools/rule.ts";

/** GNU ld, gold, LLVM's lld (also as rustc brings it), mold. */
const LINKERS = ["ld", "ld.*", "*-ld", "*-ld.bfd", "*-ld.gold", "lld", "rust-lld", "mold"];

/** A linked program has the standing of a script: who made it counts, and its path, but not its content. */
export const linked: readonly ToolRule[] = [
  {
    kind: "maker",
    by: LINKERS,
    why: "a program that was linked here differs after every edited line; who linked it counts, and where it lies",
  },
  {
    kind: "finisher",
    by: ["strip", "*-strip", "objcopy", "*-objcopy"],
    why: "strip and objcopy change a linked program in its place",
  },
];

/** The drivers and parts of GNU's and LLVM's C and C++ compilers. */
export const COMPILERS = [
  "gcc",
  "g++",
  "cc",
  "c++",
  "*-gcc",
  "*-g++",
  "*-gcc-*",
  "*-g++-*",
  "clang",
  "clang-*",
  "cc1",
  "cc1plus",
  "lto1",
  "lto-wrapper",
  "collect2",
  "as",
  "*-as",
  "ar",
  "*-ar",
  "*-gcc-ar*",
  "ranlib",
  "*-ranlib",
  ...LINKERS,
  "strip",
  "*-strip",
  "objcopy",
  "*-objcopy",
];
