/** Words that a recorder shares with its thread. */

/** Number of the last item that is on disk and in the TPM. */
export const DONE = 0;
/** Not 0 while the TPM or the ledger takes nothing. */
export const FAILING = 1;
/** Changed, and notified, with each of the others. */
export const TURN = 2;
export const WORDS = 3;
