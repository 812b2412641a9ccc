/** The events of a program that only starts: its file, its loader, and the libraries that it reads. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import type { Event } from "@isoline/core/event";
import { act } from "./held.ts";

const owned = { uid: 0, gid: 0, fs: "disk" };

/** A file opened, with its present attributes. */
export function opened(path: string, access = "read"): Event {
  return act("open", { access, path, mode: statSync(path).mode, ...owned });
}

/** A program executed with these images behind it, the innermost first. */
export function executed(path: string, loader: readonly string[]): Event {
  return act("exec", { path, mode: statSync(path).mode, ...owned, loader: loader.map((each) => `${each}@?`) });
}

/** Events of a program that answers one line of input, as `cat` and `sh` do: read from a running process. */
export async function starting(
  command: string,
  args: readonly string[],
  line: string,
): Promise<{ program: string; events: Event[] }> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  try {
    child.stdin.write(line);
    await once(child.stdout, "data");
    const program = readlinkSync(`/proc/${child.pid}/exe`);
    const maps = readFileSync(`/proc/${child.pid}/maps`, "latin1");
    const mapped = [...new Set(maps.match(/\/\S+$/gm))].filter((path) => path !== program && path.includes(".so"));
    const isLoader = (path: string) => /\/ld[-.][^/]*$/.test(path);
    const libraries = [...mapped.filter((path) => !isLoader(path)), "/etc/ld.so.cache"].filter((path) =>
      existsSync(path),
    );
    return {
      program,
      events: [executed(program, mapped.filter(isLoader)), ...libraries.map((path) => opened(realpathSync(path)))],
    };
  } finally {
    child.kill();
  }
}
