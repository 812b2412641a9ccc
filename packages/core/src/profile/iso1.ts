/**
 * `iso1`, the point profile of this project.
 *
 *   point = SHA-256( text "isoline iso1 point" ‖ encoding of the event )      text = u32le byte length ‖ UTF-8
 *
 * The encoding (`event/encoding.ts`) is injective and holds the task identities and every credential, so two different
 * exchanges have the same point only if SHA-256 collides. Specified in docs/spec/iso1.md.
 */
import { type Digest, sha256, sha256Into } from "../digest.ts";
import { actorSpan, encodeEvent, MAX_EVENT_BYTES, recallEvent } from "../event/encoding.ts";
import type { Event } from "../event/event.ts";
import { phrase } from "../event/phrase.ts";
import { assertEvent } from "../event/soundness.ts";
import { formatAct, parseAct } from "../event/text.ts";
import { deriveTask } from "../identity/task.ts";
import type { Profile } from "./profile.ts";

const DOMAIN = "isoline iso1 point";
const PREFIX = 4 + DOMAIN.length;

/** One-shot hashing needs one contiguous buffer, so encodings are copied behind the domain, which never changes. */
const preimage = Buffer.alloc(PREFIX + MAX_EVENT_BYTES);
preimage.writeUInt32LE(DOMAIN.length);
preimage.write(DOMAIN, 4, "ascii");

/**
 * The point profile of this project.
 *
 * @example
 * import { Contour, iso1 } from "@isoline/core";
 *
 * const contour = Contour.create({ profile: iso1, policy: "{}" });
 * console.log(contour.profile.name, contour.size);
 * // prints: iso1 0
 */
export const iso1: Profile<Event> = {
  name: "iso1",
  encode: encodeEvent,
  actorSpan,
  recall: recallEvent,
  pointInto(_event, encoding, out, offset) {
    sha256Into(withDomain(encoding), out, offset);
  },
  phrase,
  formatAct,
  parseAct,
  assertSound: assertEvent,
  taskOf: () => undefined,
  isTaskSound: (task) => deriveTask(task.parent, task.images, task).id === task.id,
};

/** The `iso1` point of an event. */
export function iso1Point(event: Event): Digest {
  return sha256(withDomain(encodeEvent(event)));
}

function withDomain(encoding: Buffer): Buffer {
  preimage.set(encoding, PREFIX);
  return preimage.subarray(0, PREFIX + encoding.length);
}
