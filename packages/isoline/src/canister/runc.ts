/** The real runtime: its path, its state directory, and its exit. */
import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { ChildState } from "@isoline/linux";
import type { RuncCall } from "./command-line.ts";

/** Set by bin/isoline-runc, which has checked that it exists. */
export function runcPath(): string {
  return process.env["ISOLINE_RUNC"] ?? "/usr/sbin/runc";
}

/** Its state directory (runc(8), --root). */
export function rootOf({ globals }: Pick<RuncCall, "globals">): string {
  const given = globals.get("root");
  return given !== undefined && given !== "" ? given : (rootOfUser() ?? "/run/runc");
}

/** The same for an ordinary user, below the user's runtime directory: runc's main.go, shouldHonorXDGRuntimeDir. */
export function rootOfUser(): string | undefined {
  const { XDG_RUNTIME_DIR: runtime, USER: user } = process.env;
  if (runtime === undefined || !isAbsolute(runtime)) return undefined;
  if (process.geteuid?.() === 0 && (!inUserNamespace() || user === "root")) return undefined;
  return `${runtime}/runc`;
}

/** Whether this process is in another user namespace than the first, which maps every id to itself (user_namespaces(7)). */
export function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "latin1"));
}

/** The status as a shell reports it. */
export function statusOf(exit: ChildState): number {
  if (exit.state === "exited") return exit.status;
  return exit.state === "killed" ? 128 + exit.signal : 125;
}
