/** The virtual machines that run the tests of `guest/`, and what they need. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { present } from "../../../tools/run.mjs";
import { busybox } from "../image/initramfs.ts";
import { type Kernel, stockKernel } from "../image/kernel.ts";
import { repository } from "./machine.ts";

export interface Kind {
  readonly name: string;
  /** The folders in `guest/` whose tests run in this machine. */
  readonly rooms: readonly string[];
  /** Security modules that are in Debian's list and not in this machine's. */
  readonly without: readonly string[];
  /** Added to the kernel's command line. */
  readonly parameters: readonly string[];
  /** How the bpf sensor attaches there. */
  readonly attachment: "lsm" | "fmod_ret";
  /** With one, no act that the kernel waits for in place is decided: a container of the bpf sensor is refused its start. */
  readonly processors: 1 | 2;
  /** Where `/tmp` is. Of a file in memory the sensor keeps nothing, so that its supervisor decides about each exec. */
  readonly temporary: "disk" | "memory";
}

const withBpf = { without: [], parameters: [], attachment: "lsm" } as const;

/** In the order in which they begin. The tests with bpf in `lsm=` are shared among four machines, because one would take too long. */
export const kinds: readonly Kind[] = [
  { name: "with bpf in lsm=", rooms: ["with-bpf"], ...withBpf, processors: 2, temporary: "disk" },
  { name: "with bpf in lsm=, for namespaces", rooms: ["namespaces"], ...withBpf, processors: 1, temporary: "disk" },
  {
    name: "with bpf in lsm=, to compare",
    rooms: ["every-machine", "alike"],
    ...withBpf,
    processors: 1,
    temporary: "memory",
  },
  {
    name: "with bpf in lsm=, without supervisors",
    rooms: ["containers", "without-supervisor"],
    ...withBpf,
    processors: 2,
    temporary: "disk",
  },
  {
    ...{ name: "without bpf in lsm=", rooms: ["every-machine", "containers", "without-bpf"], without: ["bpf"] },
    ...{ parameters: ["ima_policy=tcb"], attachment: "fmod_ret", processors: 2, temporary: "memory" },
  },
];

/** The kernel's command line for a kind of machine. */
export function parametersFor({ without, parameters }: Kind, { securityModules }: Kernel): readonly string[] {
  return [`lsm=${securityModules.filter((name) => !without.includes(name)).join(",")}`, ...parameters];
}

const guest = join(repository, "test/vm/guest");

export interface TestFiles {
  /** The files to run, in order. */
  readonly chosen: readonly string[];
  /** The files left to CI. */
  readonly left: readonly string[];
}

/** The test files for a kind of machine: chosen if everything is wanted, and else left. */
export function testsFor({ rooms }: Kind, everything: boolean): TestFiles {
  const files = rooms.flatMap((folder) =>
    readdirSync(join(guest, folder))
      .filter((name) => name.endsWith(".test.mjs"))
      .sort()
      .map((name) => join(guest, folder, name)),
  );
  return everything ? { chosen: files, left: [] } : { chosen: [], left: files };
}

/** What a machine is started with. */
export interface Equipment {
  readonly kernel: Kernel;
  /** A statically linked one. */
  readonly busybox: string;
}

/** The programs and files that start machines, or the missing package. */
export function equipment(): Equipment | { readonly missing: string } {
  if (process.arch !== "x64") return { missing: "an x86-64 machine, whose programs the kernel can run" };
  if (!present("qemu-system-x86_64")) return { missing: "qemu-system-x86" };
  const kernel = stockKernel();
  if (kernel === undefined) return { missing: "linux-image-amd64, unpacked" };
  const program = busybox();
  return program === undefined ? { missing: "busybox-static, unpacked" } : { kernel, busybox: program };
}
