/**
 * Tests with an empty program whether the kernel accepts a program at a hook at all. Many kernels do not, and finding that out
 * with all programs takes longer than the rest of a start.
 */
import { close } from "../abi/libc.ts";
import { calls } from "./map.ts";

/** `enum bpf_prog_type` and `enum bpf_attach_type` (linux/bpf.h). */
const hooks = {
  lsm: { type: 29, attach: 27, name: "file_open" },
  fmod_ret: { type: 26, attach: 26, name: "security_file_open" },
} as const;

/** `r0 = 0; exit` (linux/bpf.h, `struct bpf_insn`). */
const NOTHING = Buffer.from("b7000000000000009500000000000000", "hex");

/** Number of bytes passed of `struct bpf_prog_load_opts` (libbpf's bpf.h), and the offsets of its fields. */
const options = { bytes: 40, attach: 12, hook: 32 } as const;

/** 0, or the errno with which the kernel refuses a program at one of the sensor's hooks. */
export function refusalAt(way: keyof typeof hooks): number {
  const { type, attach, name } = hooks[way];
  const hook = calls().libbpf_find_vmlinux_btf_id(name, attach) as number;
  if (hook < 0) return -hook;
  const asked = Buffer.alloc(options.bytes);
  asked.writeBigUInt64LE(BigInt(options.bytes), 0);
  asked.writeUInt32LE(attach, options.attach);
  asked.writeUInt32LE(hook, options.hook);
  const fd = calls().bpf_prog_load(type, "isoline_trial", "GPL", NOTHING, NOTHING.length / 8, asked) as number;
  if (fd < 0) return -fd;
  close(fd);
  return 0;
}
