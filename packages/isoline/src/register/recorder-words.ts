/** Words that a recorder shares with its thread. */

/** Number of the last item that is on disk and in the TPM. */
export const DONE = 0;
/** Not 0 while the TPM or the ledger takes nothing. */
export const FAILING = 1;
/** Changed, and notified, with each of the others. */
export const TURN = 2;
/** Departures and losses in the ledger: of the namespace's name, and of all names. */
export const OF_NAME = { departures: 3, losses: 4 } as const;
export const IN_ALL = { departures: 5, losses: 6 } as const;
export const WORDS = 7;
