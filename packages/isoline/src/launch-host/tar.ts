/**
 * Tar archives: POSIX ustar with pax headers (IEEE Std 1003.1, pax, "pax Interchange Format"), and the long names of GNU tar (types L
 * and K). What changes how content is stored (sparse files) is refused; times, owners and extended attributes are left out.
 */
import { refused, shown } from "./refusal.ts";

export interface TarEntry {
  /** As it stands in the archive. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "hardlink" | "special";
  /** Permissions, with set-user-id and sticky bits. */
  readonly mode: number;
  /** What a link of either kind leads to. */
  readonly target: string;
  /** A part of the archive, not a copy. */
  readonly content: Buffer;
}

const BLOCK = 512;
const MOST_ENTRIES = 100_000;
const MOST_NAME = 4096;
/** Types of headers that are about the next entry, or about all. */
const PAX = "x";
const PAX_GLOBAL = "g";
const GNU_NAME = "L";
const GNU_TARGET = "K";

const kinds: Readonly<Record<string, TarEntry["kind"]>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "special",
  "4": "special",
  "5": "directory",
  "6": "special",
};

/** Every entry of an archive, in order. An archive that ends early, or in which anything is not understood, is refused whole. */
export function readTar(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  let said: Map<string, string> = new Map();
  for (let at = 0; ; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.length < BLOCK) throw refused("an archive with its end", "one that stops early");
    if (header.every((byte) => byte === 0)) return entries;
    if (checksum(header) !== octal(header, 148, 8))
      throw refused("the header of an archive's entry", `other bytes at ${at}`);
    const type = header.toString("latin1", 156, 157);
    const size = said.has("size") ? decimal(said.get("size") ?? "") : octal(header, 124, 12);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) throw refused(`${size} bytes of an archive's entry`, String(content.length));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === PAX || type === GNU_NAME || type === GNU_TARGET) {
      said = new Map([...said, ...about(type, content)]);
    } else if (type !== PAX_GLOBAL) {
      entries.push(entry(header, type, content, said));
      said = new Map();
      if (entries.length > MOST_ENTRIES) throw refused(`at most ${MOST_ENTRIES} entries of an archive`, "more");
    }
  }
}

function entry(header: Buffer, type: string, content: Buffer, said: ReadonlyMap<string, string>): TarEntry {
  const kind = kinds[type];
  if (kind === undefined) throw refused("a file, a directory or a link", `an entry of type ${shown(type)}`);
  const prefix = header.toString("latin1", 257, 262) === "ustar" ? text(header, 345, 155) : "";
  const name = text(header, 0, 100);
  const path = said.get("path") ?? (prefix === "" ? name : `${prefix}/${name}`);
  const target = said.get("linkpath") ?? text(header, 157, 100);
  return {
    path,
    kind,
    mode: octal(header, 100, 8) & 0o7777,
    target,
    content: kind === "file" ? content : Buffer.alloc(0),
  };
}

/** What a header says about the entry after it. */
function about(type: string, content: Buffer): Map<string, string> {
  if (type === PAX) return paxRecords(content);
  if (content.length > MOST_NAME) throw refused(`a name of at most ${MOST_NAME} bytes`, String(content.length));
  return new Map([[type === GNU_NAME ? "path" : "linkpath", text(content, 0, content.length)]]);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts all of it. */
function paxRecords(content: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 || space - at > 8 ? Number.NaN : decimal(content.toString("latin1", at, space));
    const record = content.toString("utf8", space + 1, at + length);
    const equals = record.indexOf("=");
    if (!(length > space - at + 2) || at + length > content.length || !record.endsWith("\n") || equals < 1)
      throw refused("a record of a pax header", "other bytes");
    const key = record.slice(0, equals);
    if (key.startsWith("GNU.sparse")) throw refused("a file that is stored whole", "a sparse one");
    const value = record.slice(equals + 1, -1);
    if (value.length > MOST_NAME || value.includes("\0")) throw refused("a name that a file can have", shown(value));
    if (key === "path" || key === "linkpath" || key === "size") records.set(key, value);
    at += length;
  }
  return records;
}

/** Of the header, with its own field taken as spaces. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

function octal(header: Buffer, at: number, length: number): number {
  const digits = text(header, at, length).trim();
  if (!/^[0-7]{0,12}$/.test(digits)) throw refused("a number in octal in an archive", shown(digits));
  return Number.parseInt(digits || "0", 8);
}

function decimal(digits: string): number {
  if (!/^\d{1,10}$/.test(digits)) throw refused("a number of an archive", shown(digits));
  return Number(digits);
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? field.length : end);
}
