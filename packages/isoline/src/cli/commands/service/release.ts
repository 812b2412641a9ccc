/** `isoline service release`: takes the drop-in away by which a service is enforced, and keeps its contour. */
import { CliError } from "../../../error.ts";
import { markIn } from "../../../service/drop-in.ts";
import { status } from "../../ending.ts";
import { note } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { asked, change, type ServiceOptions } from "./asked.ts";

export function serviceRelease(told: string, options: ServiceOptions): number {
  const about = asked(told, options);
  const { unit, place, contour } = about;
  const mark = markIn(place.read() ?? "");
  if (mark?.mode !== "enforce")
    throw new CliError(
      "unfit-unit",
      `${unit}: expected that it is enforced, got ${mark === undefined ? "no drop-in of isoline's" : `that it is being learnt; end that with isoline service finish ${unit}`}`,
    );
  const { dryRun = false } = options;
  change(about, undefined, dryRun);
  if (dryRun) return status.success;
  note(
    `removed ${harmless(place.path)}. Now: systemctl daemon-reload && systemctl restart ${unit}. Until then it is enforced as before; ` +
      `afterwards nothing of it is seen or refused. ${harmless(contour)} stays: isoline service enforce ${unit} puts it back`,
  );
  return status.success;
}
