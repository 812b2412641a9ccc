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

/** Options in the data of a mount of this type. */
export function optionsOf(data: Buffer, type: string, naming: Naming): string[] {
  const text = data.toString("latin1");
  const read = (labels: Labels) => splitOptions(text, labels, type === "overlay").filter((part) => part !== "");
  const given = read(SELINUX);
  // Which security module the kernel has is not known here. Whatever names an object in any of the readings counts.
  const otherwise = [...read(SMACK), ...read(NO_LABELS)].filter((part) => namesAnObject(part) && !given.includes(part));
  return inOrder([...given, ...new Set(otherwise)].flatMap((part) => said(part, naming)));
}

/** One option by its key and value; `fsconfig` gives the value alone. */
export function said(option: string, naming: Naming): string[] {
  const [key, value] = keyAndValue(option);
  if (value === undefined) return [escaped(option)];
  if (isDescriptorOption(key) && /^\d{1,9}$/.test(value)) return [`${key}=${naming.descriptor(Number(value))}`];
  if (!isPathOption(key)) return [escaped(option)];
  if (key === "lowerdir") return layers(value, naming);
  const path = key === "upperdir" || key === "workdir" ? unescaped(value) : value;
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
  const parts = value.match(/(?:\\.|[^:\\]|\\$)+|::?/gs) ?? [];
  let key = "lowerdir";
  return parts.flatMap((part) => {
    if (part === "::") key = "datadir";
    if (part === ":" || part === "::") return [];
    return [`${key}=${naming.path(Buffer.from(unescaped(part), "latin1"))}`];
  });
}

/** Backslashes away as the kernel takes them (fs/overlayfs, ovl_unescape), also in front of a line feed, and a last one. */
function unescaped(text: string): string {
  return text.replace(/\\(.?)/gs, "$1");
}

/** Whether an overlay's directory goes on with what is set next: earlier than Linux 6.5, the kernel joins what is set by commas. */
export function goesOn(option: string): boolean {
  const [key, value = ""] = keyAndValue(option);
  return /^(?:lower|upper|work)dir$/.test(key) && /^(?:\\.|[^\\])*\\$/s.test(value);
}

/** Options for a security module, which takes them out of the text before the file system sees the rest. */
interface Labels {
  readonly isLabel: RegExp;
  /** Whether a comma between double quotes ends no option. For a file system itself quotes mean nothing. */
  readonly hasQuotes: boolean;
}

/** security/selinux/hooks.c, selinux_sb_eat_lsm_opts */
const SELINUX: Labels = { isLabel: /^(?:(?:|def|fs|root)context=|seclabel$)/, hasQuotes: true };
/** security/smack/smack_lsm.c, smack_sb_eat_lsm_opts */
const SMACK: Labels = { isLabel: /^smackfs[a-z]+=/, hasQuotes: false };
const NO_LABELS: Labels = { isLabel: /^(?!)/, hasQuotes: false };

/** First the options for the security module; of the rest, an overlay takes backslashes as escapes (fs/overlayfs, ovl_next_opt). */
function splitOptions(text: string, labels: Labels, hasEscapes: boolean): string[] {
  const parts = labels.hasQuotes ? parted(text, /,(?:"[^"]*(?:"|$)|[^",])*/g) : text.split(",");
  const isLabel = (part: string) => labels.isLabel.test(part);
  const rest = parts.filter((part) => !isLabel(part)).join(",");
  return [...parts.filter(isLabel), ...(hasEscapes ? parted(rest, /,(?:\\.?|[^\\,])*/gs) : rest.split(","))];
}

/** Parts by a pattern that takes one of them and the comma in front of it. */
function parted(text: string, part: RegExp): string[] {
  return (`,${text}`.match(part) ?? []).map((found) => found.slice(1));
}

function namesAnObject(option: string): boolean {
  const [key] = keyAndValue(option);
  return isPathOption(key) || isDescriptorOption(key);
}

function escaped(text: string): string {
  return escapeBytes(Buffer.from(text, "latin1"));
}
