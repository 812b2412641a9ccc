/** All profiles. */
import { iso1 } from "./iso1.ts";
import { iso2017 } from "./iso2017.ts";
import type { ProfileName } from "./profile.ts";
import { quixote } from "./quixote.ts";

export const profiles = { iso1, quixote, iso2017 } as const;

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}
