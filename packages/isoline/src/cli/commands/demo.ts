/** `isoline demo`: the story of a dependency that turns malicious, or that of a fleet, with real commands. */
import { type DemoOptions, runDemo } from "../../demo/demo.ts";
import { fleetDemo } from "../../demo/fleet/story.ts";
import { paint } from "../output/paint.ts";
import { print } from "../output/streams.ts";

export interface AnyDemoOptions extends DemoOptions {
  readonly fleet?: boolean;
}

export function demo({ fleet = false, ...options }: AnyDemoOptions): Promise<number> {
  return fleet ? fleetDemo(options, { print, paint }) : runDemo(options, { print, paint });
}
