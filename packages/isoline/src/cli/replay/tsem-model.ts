/**
 * A security model in the format of the published TSEM agent: a set of points without their events.
 *
 * Signed models are refused, because their signature would go unchecked; so are pseudonyms, which change what is hashed.
 */
import { readRegular } from "../../store/bounded-file.ts";
import { type Digest, isDigest, ZERO_DIGEST } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";

const MOST_BYTES = 2 ** 30;

export interface TsemModel {
  readonly points: ReadonlySet<Digest>;
  readonly base: Digest;
  readonly aggregate: Digest;
}

/** Reads a model file; undefined if the file is not one. */
export function readTsemModel(path: string): TsemModel | undefined {
  const lines = readRegular(path, MOST_BYTES, "a security model").toString("latin1").split("\n");
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
  const refuse = (why: string) => new IsolineError("bad-contour", `${where}: ${why}`);
  const [command = "", value = "", ...rest] = line.split(" ");
  switch (command) {
    case "seal":
      if (value !== "") throw refuse("expected seal alone");
      return;
    case "key":
    case "signature":
      throw refuse("signed models are not supported; check the signature with sign-model, then remove it");
    case "pseudonym":
      throw refuse("pseudonyms of TSEM models are not supported; remake the model without them");
    case "state":
    case "base":
    case "aggregate":
      if (rest.length > 0 || !isDigest(value)) throw refuse(`expected ${command} and 64 hexadecimal digits`);
      if (command === "state") model.points.add(value);
      else model[command] = value;
      return;
    default:
      throw refuse(`no line of a model begins with ${JSON.stringify(command.slice(0, 20))}`);
  }
}
