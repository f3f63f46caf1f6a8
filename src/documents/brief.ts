const longest = 300

/**
 * A message of graphql-js for strangers: without its guesses what was meant, which would spell out the schema, and not as long
 * as what it quotes.
 */
export function brief(message: string): string {
  const text = message.replace(/ Did you mean .*$/s, '')
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
