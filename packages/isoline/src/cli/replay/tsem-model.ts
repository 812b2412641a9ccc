/**
 * A security model in the format of the published TSEM agent: a set of points without their events.
 *
 * Signed models are refused, because their signature would go unchecked; so are pseudonyms, which change what is hashed.
 */
import { readFileSync } from "node:fs";
import { type Digest, IsolineError, isDigest, ZERO_DIGEST } from "@isoline/core";

export interface TsemModel {
  readonly points: ReadonlySet<Digest>;
  readonly base: Digest;
  readonly aggregate: Digest;
}

/** Reads a model file; undefined if the file is none. */
export function readTsemModel(path: string): TsemModel | undefined {
  const lines = readFileSync(path, "latin1").split("\n");
  const first = lines.find((line) => line !== "" && !line.startsWith("#"));
  if (first === undefined || !/^(key|base|aggregate|state|pseudonym|seal|end)\b/.test(first)) return undefined;
  const model = { points: new Set<Digest>(), base: ZERO_DIGEST, aggregate: ZERO_DIGEST };
  for (const [at, line] of lines.entries()) {
    if (line === "" || line.startsWith("#")) continue;
    if (line === "end") break;
    takeLine(model, line, `${path}: line ${at + 1}`);
  }
  return model;
}

function takeLine(model: { points: Set<Digest>; base: Digest; aggregate: Digest }, line: string, where: string): void {
  const [command = "", value = "", ...rest] = line.split(" ");
  if (command === "seal" && value === "") return;
  if (command === "key" || command === "signature")
    throw new IsolineError(
      "bad-contour",
      `${where}: signed models are not supported; check the signature with sign-model, then remove it`,
    );
  if (command === "pseudonym")
    throw new IsolineError(
      "bad-contour",
      `${where}: pseudonyms of TSEM models are not supported; remake the model without them`,
    );
  if (rest.length > 0 || !isDigest(value))
    throw new IsolineError("bad-contour", `${where}: expected ${command.slice(0, 20)} and 64 hexadecimal digits`);
  if (command === "state") model.points.add(value);
  else if (command === "base") model.base = value;
  else if (command === "aggregate") model.aggregate = value;
  else
    throw new IsolineError(
      "bad-contour",
      `${where}: no line of a model begins with ${JSON.stringify(command.slice(0, 20))}`,
    );
}
