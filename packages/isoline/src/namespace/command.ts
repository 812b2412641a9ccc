/**
 * Finding the program to run, as `execvp` does: through PATH of the environment that the program will have.
 */
import { accessSync, constants, statSync } from "node:fs";
import { CliError } from "../error.ts";
import { type Entry, variable } from "./entry.ts";

/** What the C library searches if there is no PATH (confstr _CS_PATH). */
const DEFAULT_PATH = "/bin:/usr/bin";
const SLASH = 0x2f;

/** The path of the program that `name` (raw bytes) means. Refused as a shell refuses: not found (127) or not executable (126). */
export function findProgram(name: Uint8Array, entry: Entry): Uint8Array {
  const shown = Buffer.from(name).toString("utf8");
  if (name.length === 0)
    throw new CliError("no-such-command", "the command is empty; name the program to run after --");
  if (name.includes(SLASH)) {
    const fault = faultOf(Buffer.from(name));
    if (fault === "missing") throw new CliError("no-such-command", `${shown}: no such file`);
    if (fault) throw new CliError("not-executable", `${shown}: ${fault}`);
    return name;
  }
  let denied: string | undefined;
  for (const directory of (variable(entry, "PATH") ?? DEFAULT_PATH).split(":")) {
    const path = Buffer.concat([Buffer.from(`${directory || "."}/`), name]);
    const fault = faultOf(path);
    if (!fault) return path;
    if (fault !== "missing") denied ??= `${path.toString("utf8")}: ${fault}`;
  }
  if (denied) throw new CliError("not-executable", denied);
  throw new CliError("no-such-command", `${shown}: not found on PATH`);
}

function faultOf(path: Buffer): string | undefined {
  try {
    if (statSync(path).isDirectory()) return "is a directory";
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "is not executable";
  }
}
