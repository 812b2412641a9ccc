/** The real runtime: where it is, where it keeps its state, and how it ended. */
import { isAbsolute } from "node:path";
import type { ChildState } from "@isoline/linux";
import type { RuncCall } from "./command-line.ts";

/** Noted by bin/isoline-runc, which has looked whether it is there. */
export function runcPath(): string {
  return process.env["ISOLINE_RUNC"] ?? "/usr/sbin/runc";
}

/** Its state directory (runc(8), --root). */
export function rootOf({ globals }: Pick<RuncCall, "globals">): string {
  const given = globals.get("root");
  if (given !== undefined && given !== "") return given;
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const isRootless = (process.geteuid?.() ?? 0) !== 0 && runtime !== undefined && isAbsolute(runtime);
  return isRootless ? `${runtime}/runc` : "/run/runc";
}

/** As a shell tells it. */
export function statusOf(exit: ChildState): number {
  if (exit.state === "exited") return exit.status;
  return exit.state === "killed" ? 128 + exit.signal : 125;
}
