/**
 * The label of a canister: the contour, mode and policy that apply to it.
 *
 *   the host's rule for the image        takes precedence; an annotation that differs is refused
 *   annotations of the container         dev.isoline.contour, .mode, .policy, .report, .name, .image; those of IMA are in ima.ts,
 *                                        that of the sensor in sensor.ts
 *   a contour attached to the image      as fetched by `isoline fetch-contour`, by the image's digest
 *   none of them                         learnt or refused, as the host configures
 *
 * What an annotation names to be written (the report, the contour of mode learn) lies below the folders of the host: annotated-place.ts.
 *
 * If the host requires signed contours for an image, the contour must be signed, wherever the label comes from.
 */
import { lstatSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { sha256 } from "@isoline/core/digest";
import { Wildcard } from "@isoline/core/identity";
import { CliError } from "../error.ts";
import type { SensorName } from "../namespace/plan.ts";
import type { SignatureDemand } from "../store/signature/demand.ts";
import { readTrustedKey } from "../store/signature/keys.ts";
import { annotatedReport, annotatedToLearn } from "./annotated-place.ts";
import { attachedContour } from "./attached.ts";
import type { Bundle } from "./bundle.ts";
import {
  assertOnlyOursToWrite,
  type CanisterMode,
  type HostConfiguration,
  type ImageRule,
  modes,
} from "./host-configuration.ts";
import { type CanisterIma, type ImaAnnotations, imaOf } from "./ima.ts";
import type { Image } from "./image.ts";
import { assertSensorFits, sensorOf } from "./sensor.ts";

export interface Label {
  readonly mode: CanisterMode;
  /** Absolute path. It need not exist if the contour is to be learnt. */
  readonly contour: string;
  readonly policy: string | undefined;
  readonly report: string | undefined;
  readonly name: string | undefined;
  /** Where the label comes from, for messages. */
  readonly source: string;
  /** The keys of which one must have signed the contour, if the host requires it. */
  readonly signed: SignatureDemand | undefined;
  /** The integrity view, if there is one. */
  readonly ima: CanisterIma | undefined;
  readonly sensor: SensorName;
}

const ATTACHED = "attached to the image";
const PREFIX = "dev.isoline.";
const known = [
  "contour",
  "mode",
  "policy",
  "report",
  "name",
  "image",
  "sensor",
  "ima-policy",
  "ima-keys",
  "ima-appraise",
] as const;
type Key = (typeof known)[number];
type Annotations = Partial<Record<Key, string>>;

/** The label; throws `bad-label`. `stated` tells what the image states itself as annotations. */
export function labelOf(
  bundle: Pick<Bundle, "annotations">,
  image: Image,
  host: HostConfiguration,
  stated: () => Readonly<Record<string, unknown>> = () => ({}),
): Label {
  const said = annotationsOf(bundle, host, stated);
  refuseOtherImage(said.image, image);
  const rule = host.images.find((each) => isLike(each, [...image.names, ...image.digests]));
  const label = rule
    ? ofRule(rule, said, host)
    : (ofAnnotations(said, host) ?? ofImage(image, host) ?? unlabelled(image, host));
  refuseStrangeFile(label);
  const ima = imaFor(rule, said, host);
  const sensor = sensorOf(said.sensor, rule, host);
  assertSensorFits(sensor, ima !== undefined);
  return {
    ...label,
    signed: demandFor(image, label, host),
    ima,
    sensor,
    policy: said.policy === undefined ? label.policy : absolute(said.policy, "policy"),
    report: said.report === undefined ? undefined : annotatedReport(said.report, label.contour, host),
    name: said.name,
  };
}

type Bare = Omit<Label, "report" | "name" | "signed" | "ima" | "sensor">;

function annotationsOf(
  { annotations }: Pick<Bundle, "annotations">,
  host: HostConfiguration,
  stated: () => Readonly<Record<string, unknown>>,
): Annotations {
  const ours = Object.entries(annotations).filter(([key]) => key.startsWith(PREFIX));
  const stranger = ours.find(([key]) => !(known as readonly string[]).includes(key.slice(PREFIX.length)));
  if (stranger)
    throw refusal(
      `expected annotations ${known.map((key) => PREFIX + key).join(", ")}, got ${shown(stranger[0])}; correct or remove it`,
    );
  if (ours.length > 0 && host.annotations === "refuse")
    throw refusal(
      `expected no ${PREFIX}* annotations, as ${host.file} says, got ${shown(ours[0]?.[0] ?? "")}; remove it`,
    );
  if (ours.length > 0) refuseWordOfImage(ours, stated());
  return Object.fromEntries(ours.map(([key, value]) => [key.slice(PREFIX.length), value]));
}

/** A tool that copies annotations from the image lets the image choose its own contour. */
function refuseWordOfImage(ours: readonly [string, string][], stated: Readonly<Record<string, unknown>>): void {
  const copied = ours.find(([key, value]) => stated[key] === value);
  if (copied)
    throw refusal(
      `expected ${copied[0]} to be the word of the user who starts the container, got ${shown(copied[1])}, which the image itself states; remove it from the image, or have podman 4.5.1 or later`,
    );
}

/** A container whose annotation names an image must be made from that image. */
function refuseOtherImage(expected: string | undefined, { names, digests }: Image): void {
  if (expected === undefined || [...names, ...digests].includes(expected)) return;
  const got = digests[0] ?? names[0] ?? "an unknown one";
  throw refusal(
    `expected the image ${shown(expected)}, as ${PREFIX}image says, got ${shown(got)}; the contour is for another image`,
  );
}

function ofRule(rule: ImageRule, said: Annotations, host: HostConfiguration): Bare {
  for (const key of ["contour", "mode", "policy"] as const) {
    const annotated = said[key];
    const own = rule[key];
    if (annotated !== undefined && annotated !== own)
      throw refusal(
        `${host.file} has ${key} ${shown(own ?? "none")} for images like ${shown(rule.image)}, the annotation ${PREFIX}${key} ${shown(annotated)}; remove the annotation`,
      );
  }
  return {
    mode: rule.mode,
    contour: inStore(rule.contour, host),
    policy: rule.policy,
    source: `${host.file}, for images like ${rule.image}`,
  };
}

function ofAnnotations(said: Annotations, host: HostConfiguration): Bare | undefined {
  if (said.contour === undefined && said.mode === undefined) return undefined;
  if (said.contour === undefined || said.mode === undefined)
    throw refusal(`expected both ${PREFIX}contour and ${PREFIX}mode, got only one of them; add the other`);
  if (!(modes as readonly string[]).includes(said.mode))
    throw refusal(`${PREFIX}mode: expected one of ${modes.join(", ")}, got ${shown(said.mode)}`);
  return {
    mode: said.mode as CanisterMode,
    contour: said.mode === "learn" ? annotatedToLearn(said.contour, host) : inStore(said.contour, host),
    policy: undefined,
    source: "annotations",
  };
}

function ofImage(image: Image, host: HostConfiguration): Bare | undefined {
  if (host.attached === "ignore") return undefined;
  const contour = attachedContour(host.contours, image.digests);
  return contour === undefined ? undefined : { mode: host.attached, contour, policy: undefined, source: ATTACHED };
}

function unlabelled({ names, digests }: Image, host: HostConfiguration): Bare {
  const [name = digests[0]] = names;
  if (host.unlabelled === "refuse" || name === undefined)
    throw refusal(
      `expected a label: annotations ${PREFIX}contour and ${PREFIX}mode, a contour attached to the image, or a rule for it in ${host.file ?? "/etc/isoline/canisters.yaml"}; found none${name === undefined ? ", and the bundle does not name its image" : ` for ${shown(name)}`}`,
    );
  return {
    mode: "learn",
    contour: join(host.contours, fileOf(name)),
    policy: undefined,
    source: `${host.file}, for containers without a label`,
  };
}

/**
 * The file that an image without a label learns into, by its exact name: web@96be….contour. No two images share one, and no name in the
 * store, of a rule or of an attached contour, has an `@`.
 */
function fileOf(image: string): string {
  return `${image.replace(/[^\w.-]+/g, "_").slice(0, 120)}@${sha256(Buffer.from(image)).slice(0, 32)}.contour`;
}

/** A name is resolved in the host's store and cannot leave it; an absolute path is used unchanged. */
function inStore(contour: string, { contours }: HostConfiguration): string {
  if (isAbsolute(contour)) return contour;
  if (!/^[\w-][\w.-]{0,200}$/.test(contour))
    throw refusal(
      `contour: expected an absolute path, or a name of letters, digits, _ . and - in ${contours}, got ${shown(contour)}`,
    );
  return join(contours, contour);
}

function absolute(path: string, key: Key): string {
  if (!isAbsolute(path)) throw refusal(`${PREFIX}${key}: expected an absolute path, got ${shown(path)}`);
  return path;
}

/** A user who could put a link there would choose the file that root reads or overwrites. */
function refuseStrangeFile({ contour, mode }: Bare): void {
  const stat = lstatSync(contour, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (mode === "learn") return;
    throw refusal(`expected a contour at ${shown(contour)}, found nothing; learn one first, with ${PREFIX}mode=learn`);
  }
  if (stat.isFile()) return;
  const what = stat.isSymbolicLink() ? "a symbolic link" : stat.isDirectory() ? "a directory" : "no regular file";
  throw refusal(`expected a contour at ${shown(contour)}, found ${what}; name the file itself`);
}

/** Annotations may not change what the host wants appraised. */
function imaFor(rule: ImageRule | undefined, said: ImaAnnotations, host: HostConfiguration): CanisterIma | undefined {
  const annotated = imaOf(said);
  if (annotated !== undefined && rule?.ima !== undefined)
    throw refusal(`${host.file} has ima for images like ${shown(rule.image)}; remove the annotations ${PREFIX}ima-*`);
  return rule?.ima ?? annotated;
}

/** A contour that is being learnt has no signature yet, so a host that requires signatures cannot run it. */
function demandFor(
  image: Image,
  { mode, contour, source }: Bare,
  host: HostConfiguration,
): SignatureDemand | undefined {
  const names = [...image.names, ...image.digests];
  // A bundle whose image is unknown may be made from any image.
  const rule = host.signatures.find((each) => isLike(each, names.length === 0 ? [""] : names));
  if (rule === undefined) return undefined;
  if (mode === "learn")
    throw refusal(
      `expected a signed contour for images like ${shown(rule.image)}, as ${host.file} says, got mode learn for ${shown(contour)}; learn on a host that requires no signature, and sign the contour`,
    );
  const keys = rule.keys.map((path) => {
    const key = readTrustedKey(path);
    assertOnlyOursToWrite(path, statSync(path));
    return key;
  });
  return { keys, image: { digests: image.digests, named: source === ATTACHED } };
}

function isLike({ image }: { readonly image: string }, names: readonly string[]): boolean {
  const pattern = new Wildcard(image);
  return names.some((name) => pattern.matches(name));
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

function refusal(message: string): CliError {
  return new CliError("bad-label", message);
}
