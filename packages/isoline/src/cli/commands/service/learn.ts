/** `isoline service learn`: a drop-in by which a service is learnt whenever it is started. */
import { markIn } from "../../../service/drop-in.ts";
import { makeContourFolder } from "../../../service/place.ts";
import { status } from "../../ending.ts";
import { note } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { asked, change, dropInNow, sayRemarks, type ServiceOptions } from "./asked.ts";

export async function serviceLearn(told: string, options: ServiceOptions): Promise<number> {
  const about = asked(told, options);
  const { unit, place, contour } = about;
  const was = markIn(place.read() ?? "");
  const { text, remarks } = await dropInNow(about, "learn", options);
  const { dryRun = false } = options;
  if (!dryRun) makeContourFolder(contour);
  change(about, text, dryRun);
  sayRemarks(unit, remarks);
  if (was?.mode === "enforce") note(`${unit}: nothing is refused while it is learnt`);
  if (dryRun) return status.success;
  note(
    `wrote ${harmless(place.path)}. Now: systemctl daemon-reload && systemctl restart ${unit}. Use the service as it is used, stop it as it is stopped, ` +
      `and do both more than once; each stop adds to ${harmless(contour)}. Then: isoline service finish ${unit}`,
  );
  return status.success;
}
