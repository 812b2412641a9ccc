/**
 * Where the drop-in of a unit is: `UNIT.d/50-isoline.conf` in a directory of units. A user who can write there decides what root starts,
 * so every part must be root's or this user's, and no link. A file that isoline did not write is neither replaced nor removed.
 */
import { lstatSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { assertOnlyOursToWrite } from "../canister/host-configuration.ts";
import { CliError } from "../error.ts";
import { readBounded, Unfit } from "../store/bounded-file.ts";
import { Output } from "../store/output.ts";
import { DROP_IN, markIn } from "./drop-in.ts";

export const UNITS = "/etc/systemd/system";
const MOST_BYTES = 1024 * 1024;

export class DropInPlace {
  readonly path: string;

  /** Refuses with `unsafe-place` a directory that is not there, is a link, or that others can write. */
  constructor(units: string, unit: string) {
    this.path = join(units, `${unit}.d`, DROP_IN);
    assertDirectory(units);
    if (this.#hasFolder) assertDirectory(dirname(this.path));
  }

  /** What isoline wrote there earlier; undefined if nothing is there. */
  read(): string | undefined {
    if (!this.#hasFolder || lstatSync(this.path, { throwIfNoEntry: false }) === undefined) return undefined;
    const found = readBounded(this.path, MOST_BYTES, "refuse");
    const text = found instanceof Unfit ? undefined : found.toString("utf8");
    if (text !== undefined && markIn(text) !== undefined) return text;
    const got = found instanceof Unfit ? found.found : "one that isoline service did not write";
    throw new CliError("unsafe-place", `${this.path}: expected no drop-in yet, got ${got}; move it away`);
  }

  write(text: string): void {
    this.read();
    if (!this.#hasFolder) mkdirSync(dirname(this.path), { mode: 0o755 });
    assertDirectory(dirname(this.path));
    const output = Output.open(this.path);
    output.write([text]);
    output.close();
  }

  /** With its folder, if that is empty then. */
  remove(): void {
    this.read();
    const output = Output.open(this.path);
    output.remove();
    output.close();
    try {
      rmdirSync(dirname(this.path));
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw fault;
    }
  }

  get #hasFolder(): boolean {
    return lstatSync(dirname(this.path), { throwIfNoEntry: false }) !== undefined;
  }
}

/** Makes the folder of a contour, which only its owner can enter. */
export function makeContourFolder(contour: string): void {
  const folder = dirname(contour);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  assertDirectory(folder);
}

/** Refuses a contour that is not there, or that others can write: its writer decides what the service may do. */
export function assertContour(unit: string, contour: string): void {
  const stat = statSync(contour, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new CliError(
      "unfit-unit",
      `${unit}: expected its contour in ${contour}, found nothing; learn it first: isoline service learn ${unit}`,
    );
  assertOnlyOursToWrite(contour, stat);
}

function assertDirectory(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true)
    throw new CliError(
      "unsafe-place",
      `${path}: expected a directory, got ${stat === undefined ? "nothing" : stat.isSymbolicLink() ? "a symbolic link" : "a file"}`,
    );
  assertOnlyOursToWrite(path, stat);
}
