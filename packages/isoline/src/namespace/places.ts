/**
 * Where and as whom a namespace starts, for the lens.
 */
import { readFileSync, realpathSync } from "node:fs";
import { userInfo } from "node:os";
import { escapeText, type Launch } from "@isoline/core";
import { type Entry, variable } from "./entry.ts";

/** The kernel's default (net/ipv4/af_inet.c), where /proc does not say. */
const DEFAULT_PORTS = [32768, 60999] as const;

export function readPlaces(entry: Entry): Launch {
  const { uid, gid, homedir } = userInfo();
  return {
    cwd: canonical(process.cwd()),
    home: canonical(variable(entry, "HOME") || homedir),
    temp: [...new Set([variable(entry, "TMPDIR"), "/tmp", "/var/tmp"].filter((path) => path !== undefined && path.startsWith("/")).map((path) => canonical(path as string)))],
    uid,
    gid,
    ephemeralPorts: ephemeralPorts(),
  };
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
    const [low, high] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1").trim().split(/\s+/).map(Number);
    return low !== undefined && high !== undefined && low > 0 && high >= low ? [low, high] : DEFAULT_PORTS;
  } catch {
    return DEFAULT_PORTS;
  }
}
