/** The BPF programs, which are compiled only if clang is installed. */
import { existsSync } from "node:fs";

const object = new URL("../../../packages/linux/dist/bpf/lsm.bpf.o", import.meta.url);

/** The reason to skip a test of the bpf sensor, or false. */
export const withoutPrograms = !existsSync(object) && "the BPF programs are not compiled (clang-19, libbpf-dev)";
