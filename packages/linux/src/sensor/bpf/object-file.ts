/** Where the compiled BPF programs are: it travels with the package, built from `bpf/` by `npm run build`. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { LinuxError } from "../../error.ts";
import type { Attachment } from "./attachment.ts";

/** The object for a way to attach. */
export function objectFile(attachment: Attachment): string {
  const path = findObject(attachment);
  if (path !== undefined) return path;
  throw new LinuxError(
    "bpf-unavailable",
    "this copy of isoline was built without its BPF programs; install clang-19 and libbpf-dev and run `npm run build`",
  );
}

/** The same, or undefined where it was not built. */
export function findObject(attachment: Attachment): string | undefined {
  try {
    const path = createRequire(import.meta.url).resolve(`@isoline/linux/bpf/${attachment}.bpf.o`);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
