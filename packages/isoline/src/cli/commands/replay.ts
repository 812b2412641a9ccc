/** `isoline replay`: runs recorded events through the engine. */
import { closeSync, readSync } from "node:fs";
import { type Contour, writeContour } from "@isoline/core/contour";
import { type Digest, isDigest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { canonicalPolicy, DEFAULT_POLICY } from "@isoline/core/identity";
import { type Exchange, isProfileName, type ProfileName, profiles } from "@isoline/core/profile";
import { CliError } from "../../error.ts";
import { loadAnyContour } from "../../store/contour-file.ts";
import { openRegular, Unfit } from "../../store/bounded-file.ts";
import { Output } from "../../store/output.ts";
import { status } from "../ending.ts";
import { dropStaleSignature } from "../output/stale-signature.ts";
import { usage } from "../refusal.ts";
import { linesOf } from "../replay/lines.ts";
import { recordingOf } from "../replay/recordings.ts";
import { learningContour, Replayer, type Yardstick } from "../replay/replayer.ts";
import { tell } from "../replay/telling.ts";
import { readTsemModel } from "../replay/tsem-model.ts";

export interface ReplayOptions {
  readonly profile?: string;
  readonly points?: boolean;
  readonly measurement?: boolean;
  readonly state?: boolean;
  readonly base?: string;
  readonly aggregate?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export async function replay(files: readonly string[], options: ReplayOptions): Promise<number> {
  const [trajectory, file] = files.length === 1 ? [files[0], undefined] : [files[1], files[0]];
  if (trajectory === undefined || files.length > 2) throw usage("expected [FILE] TRAJECTORY");
  if (options.output !== undefined && file !== undefined) throw usage("-o learns a contour, so no other can be given");
  const held = options.output === undefined ? undefined : Output.open(options.output);
  const { yardstick, profile } = await yardstickFor(file, options);
  const recording = recordingOf(profile);
  const replayer = new Replayer(recording.profile, yardstick, digestsOf(options));
  for await (const lines of linesOf(trajectory)) {
    for (const { bytes, number } of lines) {
      try {
        replayer.take(recording.read(bytes));
      } catch (fault) {
        throw placed(fault, trajectory, number);
      }
    }
  }
  if (held !== undefined && options.output !== undefined && yardstick.kind === "learn") {
    held.write(writeContour(yardstick.contour));
    dropStaleSignature(held, options.output, false);
  }
  tell(replayer, yardstick, options);
  return statusOf(replayer, yardstick);
}

async function yardstickFor(
  file: string | undefined,
  options: ReplayOptions,
): Promise<{ yardstick: Yardstick; profile: ProfileName }> {
  const asked = profileName(options.profile);
  const { base, aggregate } = digestsOf(options);
  if (file === undefined) {
    const profile = asked ?? "iso1";
    if (options.output === undefined) return { yardstick: { kind: "none" }, profile };
    const policy = profile === "iso1" ? canonicalPolicy(DEFAULT_POLICY) : "{}";
    const contour = learningContour(recordingOf(profile).profile, policy, base, aggregate);
    return { yardstick: { kind: "learn", contour }, profile };
  }
  if (asked !== undefined && asked !== "iso1" && !isContourFile(file)) {
    const model = readTsemModel(file);
    if (model !== undefined) return { yardstick: { kind: "model", model }, profile: asked };
  }
  const contour = (await loadAnyContour(file)) as unknown as Contour<Exchange>;
  const profile = contour.profile.name;
  if (asked !== undefined && asked !== profile)
    throw new IsolineError(
      "not-comparable",
      `${file} has the profile ${profile}, not ${asked}; say --profile ${profile}`,
    );
  return { yardstick: { kind: "contour", contour }, profile };
}

function statusOf(replayer: Replayer, { kind }: Yardstick): number {
  if (replayer.off > 0 && kind !== "learn") return status.offContour;
  return replayer.incomplete.length > 0 ? status.incomplete : status.success;
}

function profileName(name: string | undefined): ProfileName | undefined {
  if (name === undefined || isProfileName(name)) return name;
  throw usage(
    `expected one of ${Object.keys(profiles).join(", ")} after --profile, got ${JSON.stringify(name.slice(0, 40))}`,
  );
}

function digestsOf({ base, aggregate }: ReplayOptions): { base?: Digest; aggregate?: Digest } {
  return {
    ...(base !== undefined && { base: digest(base, "--base") }),
    ...(aggregate !== undefined && { aggregate: digest(aggregate, "--aggregate") }),
  };
}

function digest(text: string, option: string): Digest {
  if (isDigest(text)) return text;
  throw usage(`expected 64 lower-case hexadecimal digits after ${option}, got ${JSON.stringify(text.slice(0, 70))}`);
}

/** Models of the TSEM agent have another first line and another parser. */
function isContourFile(path: string): boolean {
  const start = Buffer.alloc(16);
  const opened = openRegular(path, "follow");
  if (opened instanceof Unfit)
    throw new CliError(
      "cannot-read",
      `cannot read ${path}: expected a contour or a model, found ${opened.found}; name a file`,
    );
  readSync(opened.fd, start, 0, start.length, 0);
  closeSync(opened.fd);
  return start.toString("latin1").startsWith("isoline contour");
}

function placed(fault: unknown, path: string, line: number): unknown {
  if (!(fault instanceof IsolineError)) return fault;
  return new IsolineError(fault.code, `${path}: line ${line}: ${fault.message}`, { cause: fault });
}
