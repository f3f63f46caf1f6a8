/** Mutants that survive because they change nothing that a caller could notice, each with the reason. They still count. */
export const explained: Readonly<Record<string, string>> = {}
