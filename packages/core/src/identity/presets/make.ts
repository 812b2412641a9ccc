import { COMPILERS, linked } from "./linker.ts";
import type { Preset } from "./preset.ts";
import { scripted } from "./scripted.ts";

/** make and CMake with GNU's or LLVM's compilers. */
export const make: Preset = {
  summary:
    "C and C++ with make, CMake or Ninja; gives up which of its outputs a compiler creates, replaces or removes first",
  programs: ["make", "gmake", "cmake", "ninja", "gcc", "g++", "cc", "c++", "clang"],
  tools: [
    {
      kind: "output",
      in: "$CWD/**",
      by: [...COMPILERS, "make", "cmake", "ninja"],
      why: "what a compiler writes it finds there in the next build: to create, to replace and to remove it is one act",
    },
    {
      kind: "cache",
      in: "$CWD/**/CMakeFiles",
      by: ["cmake", "make", "ninja", ...COMPILERS],
      why: "CMake keeps its state, and the outputs of the compilers, in this directory",
    },
    ...scripted(),
    ...linked,
  ],
};
