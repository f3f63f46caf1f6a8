/** What is wrong, for programs: kinds of Problem that have a name of their own, each with its meaning. */
export const problemKinds = {
  USAGE: 'An option, an argument or a connection string is wrong.',
  SETTINGS: 'A Settings.xml cannot be read, or cannot be edited with `--write-settings`.',
  REJECTS_FILE: 'The rejects file exists already, or cannot be written.',
  RESULT_FILE: 'The result file cannot be written, or is another file.',
  POOLER: 'A database is reached through a connection pooler.',
  WRONG_SCHEMA: 'A database has no tables of SIPIS, lacks some, or has those of the other version.',
  WRONG_ENCODING: 'The encoding of the target cannot hold every text.',
  NOT_A_TABLE: 'A view or a foreign table is in the place of a table.',
  MISSING_PRIVILEGE: 'The role may not read a table, a sequence or a schema.',
  ROW_SECURITY: 'Row level security hides rows from the role.',
  AMBIGUOUS_SELECTORS: 'Several selectors of the source share what their rows refer to.',
  TARGET_NOT_EMPTY: 'A table of the target has rows.',
  COPY_RUNNING: 'Another copy into the target is running.',
  INDEX_CHANGED: 'An index of the target could not be created again as it was.',
  SAME_DATABASE: 'The archive and its source are one database.',
  NOT_AN_ARCHIVE: 'The database of an archive has tables of SIPIS that the archive has not made.',
  ARCHIVE_RUNNING: 'Another archiver writes into this archive.',
  NO_CHANGES: 'The source does not tell what is new: the field `changes` is not possible on it.',
  PROBLEM: 'Any other problem.',
} as const satisfies Readonly<Record<string, string>>

export type ProblemKind = keyof typeof problemKinds
