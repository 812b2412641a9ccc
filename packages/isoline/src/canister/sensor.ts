/**
 * The sensor of a canister: set by the host for its image or for all images, or by an annotation; otherwise seccomp.
 *
 *   sensor: bpf                             in the host's configuration, for all images or for one
 *   dev.isoline.sensor=bpf
 */
import { LinuxError } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { SensorName } from "../namespace/plan.ts";
import { type SensorChoice, sensorChoices, sensorFor } from "../namespace/sensor-choice.ts";
import type { HostConfiguration, ImageRule } from "./host-configuration.ts";
import { inUserNamespace } from "./runc.ts";

const ANNOTATION = "dev.isoline.sensor";
const INSTEAD = `; ${ANNOTATION}=seccomp, or \`sensor: seccomp\` of the host, works without`;

/** The choice. An annotation may not differ from the host's. `auto` is seccomp, as for other workloads. */
export function sensorOf(
  annotated: string | undefined,
  rule: Pick<ImageRule, "image" | "sensor"> | undefined,
  host: Pick<HostConfiguration, "file" | "sensor">,
): SensorName {
  const own = rule?.sensor ?? host.sensor;
  if (annotated !== undefined && !(sensorChoices as readonly string[]).includes(annotated))
    throw refusal(`${ANNOTATION}: expected one of ${sensorChoices.join(", ")}, got ${shown(annotated)}`);
  if (annotated !== undefined && own !== undefined && annotated !== own)
    throw refusal(
      `${host.file} has sensor ${shown(own)}${rule?.sensor === undefined ? "" : ` for images like ${shown(rule.image)}`}, the annotation ${ANNOTATION} ${shown(annotated)}; remove the annotation`,
    );
  return sensorFor(own ?? (annotated as SensorChoice | undefined));
}

/** Refuses the bpf sensor if it is known in advance that it cannot work. */
export function assertSensorFits(sensor: SensorName, wantsIma: boolean): void {
  if (sensor !== "bpf") return;
  if (process.geteuid?.() !== 0 || inUserNamespace())
    throw refusal(`expected root of this machine for the bpf sensor, got a user without it (rootless)${INSTEAD}`);
  if (wantsIma)
    throw refusal(`expected no integrity view (ima) under the bpf sensor, got one; it needs seccomp${INSTEAD}`);
}

/** The same refusal with advice for canisters, if it is one of the bpf sensor's. */
export function withRemedy(fault: unknown): unknown {
  const isOfSensor = fault instanceof Error && (fault as Partial<LinuxError>).code === "bpf-unavailable";
  return isOfSensor
    ? refusal(`${fault.message}; a canister's sensor is said by ${ANNOTATION}, or \`sensor:\` of the host`)
    : fault;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

function refusal(message: string): CliError {
  return new CliError("bad-label", message);
}
