/** Loaded BPF programs, by their ids. */
import { close } from "../abi/libc.ts";
import { calls, informationOf } from "./map.ts";

/** Of `recursion_misses` in `struct bpf_prog_info` (linux/bpf.h, since 5.12). */
const MISSES = 208;

/** How often the kernel did not call a program where it should have; 0 for one that does not exist any more. */
export function missesOf(number: number): number {
  const fd = calls().bpf_prog_get_fd_by_id(number) as number;
  if (fd < 0) return 0;
  try {
    return Number(informationOf(fd).readBigUInt64LE(MISSES));
  } finally {
    close(fd);
  }
}
