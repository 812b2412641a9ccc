/** Who may do what, and how often. */
export { callerPlace } from "./caller-place.ts";
export { Limits, TooMany } from "./limits.ts";
export { Login } from "./login.ts";
export { oidc } from "./oidc.ts";
export { assertOfAll, assertRole, keyOf, type Person, type Recognise, type Role, tokensIn } from "./people.ts";
export { isSafeAddress, Provider, TokenExpired } from "./provider.ts";
