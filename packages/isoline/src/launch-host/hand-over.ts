/** On a machine that learns: sends what was learnt, once its supervisor has written it. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Port } from "./port.ts";

/** One answer for each contour: a line with its name, and its bytes. The last is empty. */
export async function handOver(port: Port, folders: readonly string[]): Promise<void> {
  const paths = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  for (const path of paths.filter((each) => each.endsWith(".contour")).sort())
    await port.answer("ok", Buffer.concat([Buffer.from(`${basename(path)}\n`), readFileSync(path)]));
  await port.answer("ok", Buffer.alloc(0));
}
