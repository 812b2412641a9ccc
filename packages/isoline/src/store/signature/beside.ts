/** Where the signature of a contour is: beside it. Apart from the rest, because a run that demands no signature loads none of it. */
export const MOST_SIGNATURE = 64 * 1024;

/** What the name of a contour goes on with, for its signature. */
export const SIGNATURE_SUFFIX = ".sig";
