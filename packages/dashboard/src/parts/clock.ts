/** The time by the verifier's clock, for what says how long ago something was: that of a browser may be set wrong. */
import { computed, signal } from "@preact/signals";
import { ahead } from "../wire/verifier-clock.ts";

const EVERY = 5_000;

const here = signal(Date.now());
setInterval(() => void (here.value = Date.now()), EVERY);

export const now = computed(() => here.value + ahead.value);

/** What the verifier's clock shows when the browser's shows this, in ISO 8601. */
export const verifierTime = (browser: number): string => new Date(browser + ahead.value).toISOString();
