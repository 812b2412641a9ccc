/** `isoline service finish`: takes the drop-in away by which a service was learnt, and says what was learnt. */
import { existsSync } from "node:fs";
import { CliError } from "../../../error.ts";
import { markIn } from "../../../service/drop-in.ts";
import { status } from "../../ending.ts";
import { sayEstimate } from "../../output/expectation.ts";
import { note } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { asked, change, type ServiceOptions } from "./asked.ts";

export function serviceFinish(told: string, options: ServiceOptions): number {
  const about = asked(told, options);
  const { unit, place, contour } = about;
  const mark = markIn(place.read() ?? "");
  if (mark?.mode !== "learn")
    throw new CliError(
      "unfit-unit",
      `${unit}: expected that it is being learnt, got ${mark === undefined ? "no drop-in of isoline's" : "that it is enforced"}; see isoline service show ${unit}`,
    );
  const { dryRun = false } = options;
  change(about, undefined, dryRun);
  if (dryRun) return status.success;
  note(`removed ${harmless(place.path)}. Now: systemctl daemon-reload && systemctl restart ${unit}`);
  if (!existsSync(contour)) {
    note(`nothing was learnt yet: ${harmless(contour)} is written when the service is stopped, also by this restart`);
    return status.failure;
  }
  sayEstimate(contour);
  note(
    `a service that still runs as it was started adds to it at this restart. To enforce: isoline service enforce ${unit}`,
  );
  return status.success;
}
