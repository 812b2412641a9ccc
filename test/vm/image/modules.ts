/** Kernel modules from the package, together with those they depend on. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename } from "node:path";

export interface Module {
  /** The kernel's name of it, with `_` where the file may have `-`. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Modules and their dependencies, in loading order. A name without a file is taken to be built into the kernel. */
export function modulesInOrder(directory: string, names: readonly string[]): readonly Module[] {
  const files = moduleFiles(directory);
  const taken = new Map<string, Module>();
  const take = (name: string): void => {
    const file = files.get(name);
    if (file === undefined || taken.has(name)) return;
    const bytes = decompressed(file);
    for (const needed of neededBy(bytes)) take(needed);
    taken.set(name, { name, bytes });
  };
  for (const name of names) take(name);
  return [...taken.values()];
}

/** Every module of a kernel by its name: Debian's are `NAME.ko.xz`. */
function moduleFiles(directory: string): ReadonlyMap<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return new Map(
    files
      .filter((file) => /\.ko(\.xz)?$/.test(file))
      .map((file) => [
        basename(file)
          .replace(/\.ko.*$/, "")
          .replaceAll("-", "_"),
        `${directory}/${file}`,
      ]),
  );
}

function decompressed(file: string): Buffer {
  return execFileSync("xz", ["--decompress", "--stdout", "--force", file], { maxBuffer: 2 ** 26 });
}

/** The line `depends=a,b` of the section `.modinfo` (include/linux/moduleparam.h): strings, each ended by a zero byte. */
function neededBy(bytes: Buffer): readonly string[] {
  const list = /\0depends=([^\0]*)\0/.exec(bytes.toString("latin1"))?.[1] ?? "";
  return list === "" ? [] : list.split(",").map((name) => name.replaceAll("-", "_"));
}
