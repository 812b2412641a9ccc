/** `isoline update`: rewrites a contour for an update of what its workload runs. */
import { update as updateFile } from "../../library/update/update.ts";
import { status } from "../ending.ts";
import { sayStaleSignature } from "../output/stale-signature.ts";
import { note, printJson, printLine } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";
import { paint } from "../output/paint.ts";

export interface UpdateOptions {
  readonly from: string;
  readonly to: string;
  readonly npmCache?: string;
  readonly both?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const MOST_SHOWN = 40;

/** 0 where everything that the update replaces on the contour was predicted, 1 where something was not. */
export async function update(file: string, options: UpdateOptions): Promise<number> {
  const { predicted, unpredicted, added, acts, programs, size, removedSignature } = await updateFile(file, options);
  const ending = unpredicted.length === 0 ? status.success : status.different;
  if (options.json) {
    printJson({ isoline: 1, predicted, unpredicted, added, acts, programs, points: size });
    return ending;
  }
  const lines = predicted.map(({ path, from, to, toPath }) => {
    const where = toPath === path ? "" : ` → ${toPath}`;
    return `${harmless(path)}${harmless(where)}  ${from.slice(0, 12)} → ${to.slice(0, 12)}`;
  });
  showUpTo(lines, (line) => printLine(`content  ${line}`), "file");
  showUpTo(unpredicted, (line) => note(`${paint("yellow", "not predicted")}: ${harmless(line)}`), "file");
  if (added.length > 0) note(`${counted(added.length, "file")} are new in this version: what uses one of them departs`);
  if (removedSignature) sayStaleSignature(file);
  const written = options.dryRun ? "nothing was written" : `${counted(size, "point")} now`;
  note(
    `${harmless(file)}: ${counted(predicted.length, "file")} replaced, in ${counted(acts, "act")} and ${counted(programs, "program")}; ${written}`,
  );
  if (predicted.length === 0) note("no file of the old version is on this contour");
  return ending;
}

function showUpTo(lines: readonly string[], show: (line: string) => void, thing: string): void {
  for (const line of lines.slice(0, MOST_SHOWN)) show(line);
  if (lines.length > MOST_SHOWN)
    note(`… and ${grouped(lines.length - MOST_SHOWN)} more ${thing}s; --json has them all`);
}
