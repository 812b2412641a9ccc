/** A place of a contour in the pattern languages of other systems. */
import { unescapeToBytes } from "@isoline/core/event";
import type { FilePermit } from "./permits.ts";

/** The path as the kernel has it, as text; undefined where its bytes are no UTF-8 or hold a control character. */
export function plainPath(path: string): string | undefined {
  const bytes = unescapeToBytes(path);
  const text = bytes.toString("utf8");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a name with a newline would be a line of its own in a policy
  return Buffer.from(text, "utf8").equals(bytes) && !/[\u0000-\u001f\u007f]/.test(text) ? text : undefined;
}

/** `/*` for each component that may have any name, `/**` for any number of them. */
export function wildcards(path: string, beyond: number): string {
  if (beyond === 0) return path;
  const base = path === "/" ? "" : path;
  return base + (Number.isFinite(beyond) ? "/*".repeat(beyond) : "/**");
}

/** The directory that a permit with wildcards is about, or that has the name which a permit makes or removes. */
export function placeOf({ path, beyond }: Pick<FilePermit, "path" | "beyond">): string {
  return beyond > 0 ? path : path.slice(0, Math.max(1, path.lastIndexOf("/")));
}
