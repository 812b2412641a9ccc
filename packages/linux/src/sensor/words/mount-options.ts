/**
 * The options of a mount, which `mount(2)` gets in one string and `fsconfig(2)` one by one: in the order of their keys, values
 * of one key in their own order.
 */
import { createHash } from "node:crypto";
import { escapeBytes } from "@isoline/core/event";
import { isDescriptorOption, isPathOption, keyAndValue } from "@isoline/core/identity";

/** As many as an event can hold, and one more that summarises the rest. */
const MOST = 1000;
/** linux/mount.h, enum fsconfig_command */
const commands = [
  "set-flag",
  "set-string",
  "set-binary",
  "set-path",
  "set-path-empty",
  "set-fd",
  "create",
  "reconfigure",
  "create-excl",
] as const;

export function fsconfigCommand(number: number): string {
  return commands[number] ?? `command-${number}`;
}

/** File systems that take a structure as data, which begins with a small version number, where others take text. */
export const BINARY = /^(?:nfs4?|ncpfs|coda)$/;

/** The name of the object that an option refers to. */
export interface Naming {
  /** For a path: raw bytes as the kernel takes them. */
  path(bytes: Buffer): string;
  descriptor(fd: number): string;
}

/** Options in a string of Latin-1 text, for a file system of this type. */
export function optionsOf(data: Buffer, type: string, naming: Naming): string[] {
  const given = splitOptions(data.toString("latin1"), type === "overlay").filter((part) => part !== "");
  return inOrder(given.flatMap((part) => said(part, naming)));
}

/** One option by its key and value; `fsconfig` gives the value alone. */
export function said(option: string, naming: Naming): string[] {
  const [key, value] = keyAndValue(option);
  if (value === undefined) return [escaped(option)];
  if (isDescriptorOption(key) && /^\d{1,9}$/.test(value)) return [`${key}=${naming.descriptor(Number(value))}`];
  if (!isPathOption(key)) return [escaped(option)];
  if (key === "lowerdir") return layers(value, naming);
  const isUnescaped = key === "upperdir" || key === "workdir";
  const path = isUnescaped ? value.replace(/\\(.)/g, "$1") : value;
  return [`${key}=${naming.path(Buffer.from(path, "latin1"))}`];
}

export function inOrder(options: readonly string[]): string[] {
  const key = (option: string) => keyAndValue(option)[0];
  const sorted = options.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  if (sorted.length <= MOST) return sorted;
  const more = sorted.slice(MOST);
  const rest = createHash("sha256").update(more.join("\n")).digest("hex");
  // What the sensor itself says of an object is told all the same.
  const marked = more.filter((option) => option.includes("=?"));
  return [...sorted.slice(0, MOST), ...marked, `+${more.length}:sha256:${rest}`];
}

/** Directories of an overlay from top to bottom, with colons between them; those after two colons hold data only. */
function layers(value: string, naming: Naming): string[] {
  const parts = value.match(/(?:\\.|[^:\\]|\\$)+|::?/g) ?? [];
  let key = "lowerdir";
  return parts.flatMap((part) => {
    if (part === "::") key = "datadir";
    if (part === ":" || part === "::") return [];
    return [`${key}=${naming.path(Buffer.from(part.replace(/\\(.)/g, "$1"), "latin1"))}`];
  });
}

/** Splits at commas, except within quotes (security contexts) and, for an overlay, after a backslash (fs/overlayfs/params.c). */
function splitOptions(text: string, hasEscapes: boolean): string[] {
  const parts: string[] = [];
  let part = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (hasEscapes && char === "\\") part += char + (text[++at] ?? "");
    else if (char === "," && !quoted) {
      parts.push(part);
      part = "";
    } else {
      if (char === '"') quoted = !quoted;
      part += char;
    }
  }
  return [...parts, part];
}

function escaped(text: string): string {
  return escapeBytes(Buffer.from(text, "latin1"));
}
