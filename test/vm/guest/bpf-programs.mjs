/** The programs of the bpf sensor, which are only there if there was a compiler for them. */
import { existsSync } from "node:fs";

const object = new URL("../../../packages/linux/dist/bpf/lsm.bpf.o", import.meta.url);

export const programsMissing = () => !existsSync(object);
