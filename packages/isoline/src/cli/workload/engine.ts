/** The `--engine…` options of commands that run a workload. */
import type { EngineOptions } from "../../library/engine.ts";
import { usage } from "../refusal.ts";

export interface EngineChoice {
  readonly engine?: string;
  readonly engineKey?: readonly string[];
  readonly sensorKey?: string;
  /** Seconds. */
  readonly engineDeadline?: number;
}

/** The engine that the options name; undefined for the run's own. */
export function engineChoice({
  engine,
  engineKey,
  sensorKey,
  engineDeadline,
}: EngineChoice): EngineOptions | undefined {
  if (engine === undefined) {
    if (engineKey === undefined && sensorKey === undefined && engineDeadline === undefined) return undefined;
    throw usage("--engine-key, --sensor-key and --engine-deadline are for --engine ADDRESS; add it, or leave them out");
  }
  if (engineKey === undefined || sensorKey === undefined)
    throw usage(
      "--engine needs --engine-key FILE, which the engine must prove, and --sensor-key FILE, which this end proves",
    );
  return { address: engine, keys: engineKey, sensorKey, seconds: engineDeadline };
}
