/** The command to run next, for a shell. */
import type { Command, Option } from 'commander'

/** Flags that the next command decides itself, and those that belong to one run. */
const ownFlags = new Set([
  'to',
  'from',
  'execute',
  'verifyOnly',
  'rehearse',
  'acceptRejects',
  'rejects',
  'result',
  'json',
])

/** The flags of a command line that a next run of the same command repeats, quoted for a shell. */
export function repeatedFlags(command: Command): string[] {
  return command.options
    .filter((option) => !ownFlags.has(option.attributeName()) && isGiven(command, option))
    .flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName())
      return typeof value === 'boolean' ? [option.long ?? ''] : [`${option.long}=${quoted(String(value))}`]
    })
}

function isGiven(command: Command, option: Option): boolean {
  const name = option.attributeName()
  const value: unknown = command.getOptionValue(name)
  return command.getOptionValueSource(name) === 'cli' && (typeof value !== 'boolean' || value !== option.negate)
}

/** @param variable stands for a name that has a password, which is not printed */
export function printedName(name: string, variable: string): string {
  return hasPassword(name) ? `"$${variable}"` : quoted(name)
}

/** Quotes a word for a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Whether a connection string has a password; true if it cannot be told. */
function hasPassword(text: string): boolean {
  if (!/^postgres(ql)?:\/\//i.test(text.trim())) return /pass|@/i.test(text) && text.includes('=')
  if (!URL.canParse(text)) return true
  const { password, search } = new URL(text)
  return password !== '' || /pass|%/i.test(search)
}
