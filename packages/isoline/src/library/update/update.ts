/** Rewrites a contour for an update of what its workload runs, before the update is installed. */
import { mergeContours, replaceFiles } from "@isoline/core/contour";
import { Evidence } from "@isoline/core/evidence";
import { iso1 } from "@isoline/core/profile";
import { loadContour } from "../../store/contour-file.ts";
import { amendFile } from "../amend/amended-file.ts";
import { type Prediction, predict } from "./predict.ts";
import { readVersions } from "./versions.ts";

/** Which update, and how it is written. */
export interface UpdateOptions {
  /** The present version: a directory, a Debian package, a lock file of npm, or an OCI layout. */
  readonly from: string;
  /** The next one, of the same kind. */
  readonly to: string;
  /** Where npm keeps packages; `~/.npm` if left out. */
  readonly npmCache?: string | undefined;
  /** Keeps the old version permitted beside the new one. */
  readonly both?: boolean;
  /** Only predicts. */
  readonly dryRun?: boolean;
}

export interface Updated extends Prediction {
  /** Acts that name a replaced file. */
  readonly acts: number;
  /** Programs whose identity changed. */
  readonly programs: number;
  readonly size: number;
  readonly removedSignature: boolean;
}

export async function update(
  file: string,
  { from, to, both = false, dryRun = false, npmCache }: UpdateOptions,
): Promise<Updated> {
  const contour = await loadContour(file, iso1);
  const prediction = predict(contour, readVersions(from, to, npmCache));
  const byFile = new Map(prediction.predicted.map((each) => [`${each.from} ${each.path}`, each]));
  const moves = new Map(prediction.predicted.map(({ path, toPath }) => [path, toPath]));
  const replace = (of: typeof contour) =>
    replaceFiles(
      of,
      (path, digest) => {
        const now = byFile.get(`${digest} ${path}`);
        return now && { path: now.toPath, digest: now.to };
      },
      (path) => moves.get(path),
    );
  const { acts, programs, contour: now } = replace(contour);
  const found = { ...prediction, acts, programs };
  if (dryRun || prediction.predicted.length === 0) return { ...found, size: contour.size, removedSignature: false };
  let size = now.size;
  const { removedSignature } = amendFile(file, contour, (present, evidence) => {
    const replaced = replace(present);
    const made = both ? mergeContours([present, replaced.contour]) : replaced.contour;
    const translated = evidence?.translate((point) => replaced.points.get(point));
    ({ size } = made);
    return {
      contour: made,
      evidence: both && evidence && translated ? Evidence.merge(evidence, translated) : translated,
    };
  });
  return { ...found, size, removedSignature };
}
