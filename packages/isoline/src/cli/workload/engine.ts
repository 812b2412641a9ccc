/** The `--engine…` options of commands that run a workload. */
import type { EngineOptions } from "../../library/engine.ts";
import { usage } from "../refusal.ts";

export interface EngineChoice {
  readonly engine?: string;
  readonly engineKey?: readonly string[];
  readonly engineTrust?: string;
  readonly sensorKey?: string;
  /** Seconds. */
  readonly engineDeadline?: number;
}

/** The engine that the options name; undefined for the run's own. */
export async function engineChoice({
  engine,
  engineKey,
  engineTrust,
  sensorKey,
  engineDeadline: seconds,
}: EngineChoice): Promise<EngineOptions | undefined> {
  if (engine === undefined) {
    if ([engineKey, engineTrust, sensorKey, seconds].every((option) => option === undefined)) return undefined;
    throw usage(
      "--engine-key, --engine-trust, --sensor-key and --engine-deadline are for --engine ADDRESS; add it, or leave them out",
    );
  }
  if (sensorKey === undefined || (engineKey === undefined) === (engineTrust === undefined))
    throw usage(
      "--engine needs --sensor-key FILE, which this end proves, and what the engine must prove: either --engine-key FILE, " +
        "or --engine-trust DIR with its machine and boot",
    );
  if (engineTrust === undefined) return { address: engine, proves: engineKey ?? [], sensorKey, seconds };
  const { measuredMachines } = await import("../../attest/trust/engine-machines.ts");
  return { address: engine, proves: await measuredMachines(engineTrust), sensorKey, seconds };
}
