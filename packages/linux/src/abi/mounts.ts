/** Mounted file systems: which one a path is on, and mounting a new one. */
import koffi from "koffi";

const libc = koffi.load(null);
const statfsCall = libc.func("statfs", "int", ["str", "void *"]);
const mountCall = libc.func("mount", "int", ["str", "str", "str", "ulong", "str"]);

/** Magic of the file system that a path is on (linux/magic.h); undefined if the path does not exist. */
export function fileSystemOf(path: string): number | undefined {
  const out = Buffer.alloc(120);
  return statfsCall(path, out) === 0 ? out.readUInt32LE(0) : undefined;
}

/** `mount(2)`: 0 or a negative errno. */
export function mount(source: string, target: string, type: string, flags: number, options?: string): number {
  return mountCall(source, target, type, flags, options ?? null) === 0 ? 0 : -koffi.errno();
}
