/**
 * What verifiers on one database tell each other. A message may be lost with the connection that it was on, and each verifier looks every
 * few seconds whether it still hears. What is asked for (`isoline_release`) is asked again; what is told is looked at anew after each new
 * connection, by an empty message, and most of it with each renewal of the lease. So messages decide only how soon others know.
 */
export type Channel = "isoline_change" | "isoline_rules" | "isoline_release" | "isoline_epoch" | "isoline_gone";
export const channels: readonly Channel[] = [
  "isoline_change",
  "isoline_rules",
  "isoline_release",
  "isoline_epoch",
  "isoline_gone",
];
