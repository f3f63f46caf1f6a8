const longest = 300

/**
 * Shortens a message of graphql-js for clients: without suggestions, which would reveal the schema, and without long quotations.
 */
export function brief(message: string): string {
  const text = message.replace(/ Did you mean .*$/s, '')
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
