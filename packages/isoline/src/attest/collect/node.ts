/** What a node says of itself, apart from its canisters. */
import { arch, hostname, release, version as kernelVersion } from "node:os";
import type { NodeBody } from "@isoline/attest/evidence";
import { machineMitigations } from "@isoline/linux";
import { runningBuild } from "./build.ts";
import { sensorsHere } from "./sensors.ts";

/** What the TPM and the ledger add. */
export interface FromTpm {
  readonly node: string;
  readonly aggregate: NonNullable<NodeBody["aggregate"]>;
  readonly births: NodeBody["births"];
}

/** `losses` are those of the collection so far. */
export function nodeHere(
  fromTpm: FromTpm | undefined,
  losses: readonly string[],
): Omit<NodeBody, "type" | "canisters"> {
  const { sensors, losses: cut } = sensorsHere();
  return {
    node: fromTpm?.node ?? hostname().slice(0, 128),
    made: Date.now(),
    build: runningBuild(),
    sensors,
    kernel: { release: release(), version: kernelVersion().slice(0, 256), machine: arch() },
    mitigations: [...machineMitigations()],
    ...(fromTpm === undefined ? {} : { aggregate: fromTpm.aggregate }),
    ...(fromTpm?.births === undefined ? {} : { births: fromTpm.births }),
    complete: losses.length === 0 && cut.length === 0,
    losses: [...losses, ...cut],
  };
}
