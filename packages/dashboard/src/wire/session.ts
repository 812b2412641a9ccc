/**
 * The token of the person who looks. It is kept for this tab alone, until the person signs out or the verifier refuses it: never
 * in a cookie, never in an address. A browser that brings a closed tab back, or copies a tab, does so with what the tab kept.
 */
import { computed, signal } from "@preact/signals";

const KEY = "isoline.token";
const MOST = 8_192;

const held = signal<string | undefined>(sessionStorage.getItem(KEY) ?? undefined);
/** Why the person has to sign in; undefined on the first visit. */
export const signInReason = signal<string | undefined>(undefined);
export const signedIn = computed(() => held.value !== undefined);

/** The header that shows the token, for one request. */
export function authorization(): Record<string, string> {
  const token = held.peek();
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Takes a token, pasted or from the provider; says why it cannot be one. */
export function signIn(given: string): string | undefined {
  const token = given.trim();
  if (!/^[\x21-\x7e]+$/.test(token) || token.length > MOST)
    return `Expected a token of printable letters without spaces, at most ${MOST}; paste it again.`;
  sessionStorage.setItem(KEY, token);
  signInReason.value = undefined;
  held.value = token;
  return undefined;
}

export function signOut(reason?: string): void {
  sessionStorage.removeItem(KEY);
  signInReason.value = reason;
  held.value = undefined;
}
