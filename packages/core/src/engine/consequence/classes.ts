/** The consequences of acts, from the gravest to the least. `start-up` is what every program loads when it starts. */
export const consequences = [
  "credentials",
  "persistence",
  "privilege",
  "execution",
  "network",
  "change",
  "read",
  "start-up",
] as const;

export type Consequence = (typeof consequences)[number];

export function isConsequence(word: string): word is Consequence {
  return (consequences as readonly string[]).includes(word);
}
