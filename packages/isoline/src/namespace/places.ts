/** Where a namespace starts and as which user, for the lens. */
import { readFileSync, realpathSync } from "node:fs";
import { userInfo } from "node:os";
import { escapeText } from "@isoline/core/event";
import type { Launch } from "@isoline/core/identity";
import { readControlGroups } from "./control-groups.ts";
import { type Entry, variable } from "./entry.ts";
import { withoutDirectory } from "./start-threads.ts";

/** The kernel's default (net/ipv4/af_inet.c), if /proc does not show the value. */
const DEFAULT_PORTS = [32768, 60999] as const;

export function readPlaces(entry: Entry): Launch {
  return {
    cwd: workingDirectory(),
    home: canonical(variable(entry, "HOME") || homeOfUser()),
    temp: [
      ...new Set(
        [variable(entry, "TMPDIR"), "/tmp", "/var/tmp"]
          .filter((path) => path !== undefined && path.startsWith("/"))
          .map((path) => canonical(path as string)),
      ),
    ],
    ...whoStarts(entry),
    controlGroups: readControlGroups(),
    ephemeralPorts: ephemeralPorts(),
  };
}

function workingDirectory(): string {
  try {
    return canonical(process.cwd());
  } catch {
    throw withoutDirectory();
  }
}

/** In containers, a user often has only a number and no entry in the password file. */
function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch {
    return "/";
  }
}

function whoStarts({ user }: Entry): Pick<Launch, "uid" | "gid" | "user"> {
  if (user === undefined) return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, ...loginName() };
  const { uid, gid, name } = user;
  return { uid, gid, ...(name === undefined ? {} : { user: escapeText(name) }) };
}

function loginName(): { user?: string } {
  try {
    return { user: escapeText(userInfo().username) };
  } catch {
    return {};
  }
}

function canonical(path: string): string {
  try {
    return escapeText(realpathSync(path));
  } catch {
    return escapeText(path);
  }
}

function ephemeralPorts(): readonly [number, number] {
  try {
    const [low, high] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1")
      .trim()
      .split(/\s+/)
      .map(Number);
    return low !== undefined && high !== undefined && low > 0 && high >= low ? [low, high] : DEFAULT_PORTS;
  } catch {
    return DEFAULT_PORTS;
  }
}
