/** A position in an order by time and number, encoded as many servers do. */
export interface Position {
  readonly time: string
  readonly rowid: string
}

export function encodeCursor({ time, rowid }: Position): string {
  return Buffer.from(`${time}|${rowid}`).toString('base64url')
}

export function decodeCursor(cursor: string): Position {
  const [time = '', rowid = ''] = Buffer.from(cursor, 'base64url').toString().split('|')
  return { time, rowid }
}
