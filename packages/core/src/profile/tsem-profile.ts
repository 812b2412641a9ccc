/** The shared part of `quixote` and `iso2017`: both take events as a TSEM kernel exports them. */
import { IsolineError } from "../error.ts";
import { isEscaped } from "../event/escape.ts";
import type { Actor } from "../event/event.ts";
import type { Profile, ProfileName } from "./profile.ts";
import { decodeTsemEvent, parseTsemAct, type TsemEvent, tsemTask } from "./tsem-event.ts";
import { fits, type Layouts } from "./tsem-layout.ts";
import type { TsemObject } from "./tsem-text.ts";

/** One event as exported: its type, the actor, and the CELL as it stands in the JSON. */
export interface Exported {
  readonly type: string;
  readonly actor: Actor;
  readonly process: string;
  readonly cell: TsemObject;
}

export interface TsemProfile extends Profile<TsemEvent> {
  /** The profile's event for an export, or a text that says why the profile has no point for it. */
  describe(exported: Exported): TsemEvent | string;
}

const NOTHING = [0, 0] as const;

/** Everything of a profile but `describe`. */
export function tsemProfile(
  name: ProfileName,
  layouts: Layouts,
  point: (event: TsemEvent) => Buffer,
): Profile<TsemEvent> {
  return {
    name,
    encode: (event) => event.encoding,
    actorSpan: () => NOTHING,
    recall: (bytes) => decodeTsemEvent(bytes, layouts),
    pointInto: (event, _encoding, out, offset) => void event.point(point).copy(out, offset),
    formatAct: (event) => event.act,
    parseAct: (line, actor) => parseTsemAct(line, actor, layouts),
    assertSound(event) {
      if (!fits(event.layout, event.values))
        throw new IsolineError("bad-event", `${event.act} has a value that is not of its kind`);
      if (!isEscaped(event.process)) throw new IsolineError("bad-event", "the name of the process is not escaped");
    },
    taskOf: tsemTask,
    isTaskSound: () => true,
  };
}

/** Refuses an export that is valid JSON but that no kernel would write. */
export function badExport(why: string): IsolineError {
  return new IsolineError("bad-trajectory", `not a TSEM event: ${why}`);
}
