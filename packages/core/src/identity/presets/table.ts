/** What is known of the programs that people build with: rules about tools, by the name of the toolchain. */
import type { Policy } from "../policy.ts";
import { canonicalTool } from "../tools/parse.ts";
import type { ToolRule } from "../tools/rule.ts";
import { cargo } from "./cargo.ts";
import { git } from "./git.ts";
import { go } from "./go.ts";
import { java } from "./java.ts";
import { make } from "./make.ts";
import { nginx } from "./nginx.ts";
import { npm } from "./npm.ts";
import { pnpm } from "./pnpm.ts";
import { postgres } from "./postgres.ts";
import type { Preset } from "./preset.ts";
import { pytest } from "./pytest.ts";
import { redis } from "./redis.ts";

export const presets = {
  cargo,
  git,
  go,
  java,
  make,
  nginx,
  npm,
  pnpm,
  postgres,
  pytest,
  redis,
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

export const presetNames = Object.keys(presets) as PresetName[];

/** The policy with the rules of these presets after its own, each once. */
export function withPresets(policy: Policy, names: readonly PresetName[]): Policy {
  const tools = [...policy.tools, ...names.flatMap((name): readonly ToolRule[] => presets[name].tools)];
  const lines = tools.map((tool) => JSON.stringify(canonicalTool(tool)));
  return { ...policy, tools: tools.filter((_, index) => lines.indexOf(lines[index] as string) === index) };
}

/**
 * The presets for toolchains that ran, by the names of their programs (`toolNames`), where the policy has none of their rules yet.
 */
export function missingPresets(policy: Policy, programs: ReadonlySet<string>): readonly PresetName[] {
  const lines = new Set(policy.tools.map((tool) => JSON.stringify(canonicalTool(tool))));
  return presetNames.filter((name) => {
    const preset: Preset = presets[name];
    const isThere = preset.tools.some((tool) => lines.has(JSON.stringify(canonicalTool(tool))));
    return !isThere && preset.programs.some((program) => programs.has(program));
  });
}
