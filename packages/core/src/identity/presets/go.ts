import type { Preset } from "./preset.ts";

const TOOLS = ["go", "compile", "link", "asm", "cgo", "vet", "cover", "buildid", "pack", "covdata"];

/** The go command and its tools. */
export const go: Preset = {
  summary:
    "Go; gives up what the go command and its tools do inside the build cache, the module cache and their work directory",
  programs: ["go"],
  tools: [
    {
      kind: "cache",
      in: "$HOME/.cache/go-build",
      by: TOOLS,
      why: "which entries of the build cache are read, made or trimmed depends on earlier builds, and their names on content",
    },
    {
      kind: "cache",
      in: "$HOME/go/pkg/mod",
      by: TOOLS,
      why: "modules are unpacked once and read in every build after that",
    },
    {
      kind: "cache",
      in: "$HOME/.config/go/telemetry",
      by: TOOLS,
      why: "counters of the go command, one file a week",
    },
    {
      kind: "cache",
      in: "$TMP/{go#*}",
      by: TOOLS,
      why: "the work directory of one build, in which the packages are counted that have to be built",
    },
    {
      kind: "names",
      form: "number",
      in: "$TMP/go-build*",
      why: "the number of a package in the work directory depends on what is built in the same run",
    },
    { kind: "state", in: "$CWD/go.sum", by: ["go"], why: "go writes the sums of the modules in the first build" },
    {
      kind: "program",
      in: "$CWD/**",
      by: ["go", "link"],
      why: "the program of the last build is there in the next one: go reads its build id, and replaces it",
    },
    {
      kind: "maker",
      by: ["link"],
      why: "a program that Go's linker wrote differs after every edited line; who linked it counts, and where it lies",
    },
    { kind: "finisher", by: ["go"], why: "the go command writes its build id into a program that was linked" },
  ],
};
