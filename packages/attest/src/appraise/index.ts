/** Appraisal: what evidence proves, and what it does not. */
export {
  appraiseQuote,
  assertAttestationKey,
  type ProvenRegisters,
  type QuoteAnswer,
  type QuoteClock,
  type QuoteQuestion,
} from "./quote.ts";
