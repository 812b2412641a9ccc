/** What a person may answer: permit it once, or from now on; refuse it; refuse it and trust the process no longer. */
export const answerWords = ["once", "always", "refuse", "distrust"] as const;
export type AnswerWord = (typeof answerWords)[number];
