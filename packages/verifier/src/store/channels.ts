/** What verifiers on one database tell each other. A message may be lost; nothing rests on it but how soon others know. */
export type Channel = "isoline_change" | "isoline_rules" | "isoline_release" | "isoline_epoch" | "isoline_gone";
export const channels: readonly Channel[] = [
  "isoline_change",
  "isoline_rules",
  "isoline_release",
  "isoline_epoch",
  "isoline_gone",
];
