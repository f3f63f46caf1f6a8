/** Exported by the driver, but missing from its types. */
declare module 'pg/lib/utils.js' {
  /** Converts a value to its text in the protocol. */
  export function prepareValue(value: unknown): string | null
}
