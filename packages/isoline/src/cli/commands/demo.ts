/** `isoline demo`: the story of a dependency that turns malicious, with real commands. */
import { type DemoOptions, runDemo } from "../../demo/demo.ts";
import { paint } from "../output/paint.ts";
import { print } from "../output/streams.ts";

export function demo(options: DemoOptions): Promise<number> {
  return runDemo(options, { print, paint });
}
