/** What the page holds for the person who is signed in. It ends with the sign-in: the next person of the tab sees nothing of it. */
import { batch, type Signal, signal } from "@preact/signals";

const forgets: (() => void)[] = [];

/** A signal that is as it was at first whenever a sign-in ends. */
export function ofPerson<T>(initial: T): Signal<T> {
  const held = signal(initial);
  forgets.push(() => void (held.value = initial));
  return held;
}

export function forgetPerson(): void {
  batch(() => {
    for (const forget of forgets) forget();
  });
}
