/** What the commands for services are asked: the unit, where its drop-in and its contour are, and how it is to be started. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AGENT_SOCKET, readAgentConfiguration } from "../../../agent/configuration.ts";
import { type DropIn, dropInFor } from "../../../service/drop-in.ts";
import { changeOf } from "../../../service/change.ts";
import { DropInPlace, UNITS } from "../../../service/place.ts";
import { readUnit, unitName } from "../../../service/read-unit.ts";
import { userOf } from "../../../service/service-user.ts";
import { note, print } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";

export interface ServiceOptions {
  readonly directory?: string;
  readonly unitFile?: readonly string[];
  readonly contour?: string;
  readonly program?: string;
  readonly without?: readonly string[];
  readonly agent?: boolean;
  readonly agentSocket?: string;
  readonly dryRun?: boolean;
}

export interface Asked {
  readonly unit: string;
  readonly place: DropInPlace;
  /** Absolute path. */
  readonly contour: string;
}

const CONTOURS = "/var/lib/isoline/services";
const INSTALLED = "/usr/bin/isoline";
const AGENT_FILE = "/etc/isoline/agent.yaml";

export function asked(told: string, { directory = UNITS, contour }: ServiceOptions): Asked {
  const unit = unitName(told);
  const place = new DropInPlace(resolve(directory), unit);
  return { unit, place, contour: resolve(contour ?? `${CONTOURS}/${unit.replace(/\.service$/, "")}.contour`) };
}

/** The drop-in for the unit as it is now. */
export async function dropInNow(
  { unit, contour }: Asked,
  mode: "learn" | "enforce",
  options: ServiceOptions,
): Promise<DropIn> {
  const settings = readUnit(unit, options.unitFile ?? []);
  const { without = [], program = ourProgram() } = options;
  const agentSocket = mode === "enforce" ? await agentSocketFor(options) : undefined;
  return dropInFor(settings, { unit, mode, program, contour, agentSocket, without, user: userOf(unit, settings) });
}

/** Only where the agent is configured, or its socket is named. */
async function agentSocketFor({ agent = true, agentSocket }: ServiceOptions): Promise<string | undefined> {
  if (!agent) return undefined;
  if (agentSocket !== undefined) return resolve(agentSocket);
  return existsSync(AGENT_FILE) ? ((await readAgentConfiguration(undefined)).socket ?? AGENT_SOCKET) : undefined;
}

function ourProgram(): string {
  if (existsSync(INSTALLED)) return INSTALLED;
  const found = ["../../bin/isoline", "../../../../bin/isoline"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return found.find((path) => existsSync(path)) ?? INSTALLED;
}

/** Shows the change, and makes it unless it is only to be shown. */
export function change({ place }: Asked, text: string | undefined, dryRun: boolean): void {
  if (dryRun) print(changeOf(place.path, place.read(), text));
  else if (text === undefined) place.remove();
  else place.write(text);
}

export function sayRemarks(unit: string, remarks: readonly string[]): void {
  for (const remark of remarks) note(harmless(`${unit}: ${remark}`));
}
