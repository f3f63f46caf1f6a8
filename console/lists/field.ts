/** A filter of a list. */
export interface Field {
  /** Name of the parameter in the address. */
  readonly name: string
  readonly label: string
  /** Values and titles of a choice; the first one is that of an address without the parameter. Undefined for a text. */
  readonly options?: readonly (readonly [value: string, title: string])[]
  readonly placeholder?: string
  readonly type?: 'text' | 'date'
}
