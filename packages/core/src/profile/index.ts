/** Profiles: the formulas from an event to a point. */
export { parseExchangeLine } from "./exchange-line.ts";
export { iso1, iso1Point } from "./iso1.ts";
export { iso2017 } from "./iso2017.ts";
export type { Exchange, Profile, ProfileName } from "./profile.ts";
export { isProfileName, profiles } from "./profiles.ts";
export { quixote } from "./quixote.ts";
export type { TsemEvent } from "./tsem-event.ts";
export { TsemReader } from "./tsem-json.ts";
