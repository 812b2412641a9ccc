/** Words that a namespace shares with the thread that records it. */

/** Number of the last item that is on disk and in the TPM. */
export const DONE = 0;
/** Changed, and notified, with each of the others. */
export const TURN = 1;
/** Departures and losses in the ledger: of the namespace's name, and of all names. */
export const OF_NAME = { departures: 2, losses: 3 } as const;
export const IN_ALL = { departures: 4, losses: 5 } as const;
export const WORDS = 6;
