/** The time, for what says how long ago something was. */
import { signal } from "@preact/signals";

const EVERY = 5_000;

export const now = signal(Date.now());
setInterval(() => void (now.value = Date.now()), EVERY);
