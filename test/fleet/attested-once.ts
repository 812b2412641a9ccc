/** The loop of a node until it has one answer of its verifier. */
import { attestToFleet } from "../../packages/isoline/src/fleet/attesting.ts";
import type { AttestedAnswer } from "../../packages/isoline/src/fleet/model.ts";
import type { readEnrolment } from "../../packages/isoline/src/fleet/node-place.ts";

/** What comes first: an answer, or why there is none. `place`: the folder of what the host keeps. */
export async function attestedOnce(
  place: string,
  enrolled: ReturnType<typeof readEnrolment>,
): Promise<AttestedAnswer | string> {
  const ending = new AbortController();
  process.env["ISOLINE_HOST_DIRECTORY"] = place;
  try {
    return await new Promise((resolve, reject) => {
      const first = (answer: AttestedAnswer | string) => {
        ending.abort();
        resolve(answer);
      };
      attestToFleet({ enrolled, signal: ending.signal, onVerdict: first, onFailure: first }).catch(reject);
    });
  } finally {
    delete process.env["ISOLINE_HOST_DIRECTORY"];
  }
}
