/** The format of an initial ram disk: `newc` (Documentation/driver-api/early-userspace/buffer-format.rst). */

/** Name and content, or a name alone: a directory. A directory comes before its files. */
export type Entry = readonly [name: string, content?: Buffer];

const DIRECTORY = 0o040755;
const EXECUTABLE = 0o100755;

/** Every file belongs to root and may be executed. */
export function archive(entries: readonly Entry[]): Buffer {
  const records = entries.map(([name, content], index) =>
    record(name, content ?? Buffer.alloc(0), content === undefined ? DIRECTORY : EXECUTABLE, index + 1),
  );
  return Buffer.concat([...records, record("TRAILER!!!", Buffer.alloc(0), 0, 0)]);
}

/** A header of 13 fields in hexadecimal, the name, the content; name and content are padded to a multiple of four. */
function record(name: string, content: Buffer, mode: number, inode: number): Buffer {
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(content)]);
}

const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
