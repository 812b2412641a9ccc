import type { ToolRule } from "../tools/rule.ts";

export interface Preset {
  /** What it is for, and what it gives up, in one sentence. */
  readonly summary: string;
  /** Programs by which a command shows that it uses this toolchain. */
  readonly programs: readonly string[];
  readonly tools: readonly ToolRule[];
}
