/** Where the estimate fails, and why: written by hand, after reading the table. */
export const findings = `## Where it fails
`;
