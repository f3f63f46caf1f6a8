export type Environment = Readonly<Record<string, string | undefined>>

/** Drops empty variables: container set-ups often define them without a value. */
export function withoutEmpty(values: Environment): Environment {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''))
}
