/** `isoline service enforce`: a drop-in by which a service runs under its contour. */
import { iso1 } from "@isoline/core/profile";
import { CliError } from "../../../error.ts";
import { markIn, reportOf } from "../../../service/drop-in.ts";
import { assertContour } from "../../../service/place.ts";
import { loadContour } from "../../../store/contour-file.ts";
import { status } from "../../ending.ts";
import { sayEstimate } from "../../output/expectation.ts";
import { note } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { asked, change, dropInNow, sayRemarks, type ServiceOptions } from "./asked.ts";

export async function serviceEnforce(told: string, options: ServiceOptions): Promise<number> {
  const about = asked(told, options);
  const { unit, place, contour } = about;
  if (markIn(place.read() ?? "")?.mode === "learn")
    throw new CliError(
      "unfit-unit",
      `${unit}: expected that learning is finished, got a service that is being learnt; first isoline service finish ${unit}`,
    );
  assertContour(unit, contour);
  await loadContour(contour, iso1);
  const { text, remarks } = await dropInNow(about, "enforce", options);
  const { dryRun = false } = options;
  change(about, text, dryRun);
  sayRemarks(unit, remarks);
  if (dryRun) return status.success;
  sayEstimate(contour);
  note(
    `wrote ${harmless(place.path)}. Now: systemctl daemon-reload && systemctl restart ${unit}. What departs is in the journal ` +
      `(journalctl -u ${unit}), and in ${harmless(reportOf(contour))} when it has ended`,
  );
  return status.success;
}
