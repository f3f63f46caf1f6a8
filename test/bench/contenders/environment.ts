/** Environment variables of every contender. */
export const databaseUrl = required('DATABASE_URL')
export const isV1 = required('SCHEMA') === 'v1'

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set.`)
  return value
}
