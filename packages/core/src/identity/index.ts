/** Task identity, policies and the lens. */
export * from "./classes/index.ts";
export { interpreterNames } from "./invocation/interpreters.ts";
export { invocationOf } from "./invocation/invocation.ts";
export { multiCallNames } from "./invocation/multi-call.ts";
export type { Operand } from "./invocation/operand.ts";
export { UNREADABLE, type Word, type Words } from "./invocation/words.ts";
export type { CanisterPlaces, ControlGroup, IdRange, Launch } from "./launch.ts";
export { Leveller } from "./leveller.ts";
export type { Observation, Relation, Surroundings } from "./observation.ts";
export { parsePolicy } from "./policy-file.ts";
export {
  canonicalPolicy,
  DEFAULT_POLICY,
  EXACT_POLICY,
  hasMitigations,
  lensDigest,
  type MitigationPolicy,
  lensNames,
  namedPolicy,
  type Policy,
} from "./policy.ts";
export { missingPresets, type PresetName, presetNames, presets, withPresets } from "./presets/table.ts";
export { localPort } from "./rules/addresses.ts";
export { hostAndPort, RESOLVER } from "./rules/host-names.ts";
export { boundedRuns, formatNamedRun, formatRun, TEXT } from "./rules/called.ts";
export { groupPaths } from "./rules/control-groups.ts";
export { changesNames } from "./rules/created.ts";
export { pathsAbove } from "./rules/directories.ts";
export { isDescriptorOption, isPathOption, keyAndValue } from "./rules/mount-options.ts";
export { allocatorFiles } from "./rules/overlooked.ts";
export { lensRules, ruleNames, type SwitchableRule } from "./rules/table.ts";
export { type Call, deriveTask, type Image, programName, type Task, taskPhrase, toolNames } from "./task.ts";
export { builtBy, isFile, type Maker, marksOf } from "./tools/built.ts";
export { CACHE, OUTPUT, STATE } from "./tools/places.ts";
export { type MakerRule, ProgramNames, type ToolRule } from "./tools/rule.ts";
export { Wildcard } from "./wildcard.ts";
