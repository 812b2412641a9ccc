/** The 32-bit words that an opening thread shares with its caller, by index, and the values of the first. */
export const STATE = 0;
export const FD = 1;
export const RESULT = 2;
export const TID = 3;
export const GROUP = 4;
export const WORDS = 5;

export const STARTING = 0;
export const IDLE = 1;
export const ASKED = 2;
