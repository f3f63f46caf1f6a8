/** What a copy means for the Settings.xml of SIPIS. */
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseConnectionString } from '../config/connection-string.ts'
import type { DatabaseTarget } from '../config/database-target.ts'
import { databaseAt } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import type { SettingsEdit } from '../config/settings-edit.ts'
import { editSettings, writeSettings } from '../config/settings-edit.ts'
import { readSettings } from '../config/settings-xml.ts'
import { inKind, Problem } from '../errors/problem.ts'
import type { CopyOptions } from '../tools/copy/options.ts'
import type { CopyFlags, Name, Names } from './copy-options.ts'
import { differenceWarnings } from './settings-differences.ts'

/** What is left to do in the settings, decided before anything is copied. */
export interface SettingsAdvice {
  readonly warnings: readonly string[]
  /** The edit that lets SIPIS use the target. Undefined if no settings name the source. */
  readonly edit: SettingsEdit | undefined
}

/** @throws Problem if settings are to be written and cannot be */
export function adviseSettings(
  names: Names,
  { source, target }: CopyOptions,
  flags: CopyFlags,
  environment: Environment,
): SettingsAdvice {
  const edit = inKind('SETTINGS', () => editFor(names, source, target, flags, environment))
  if (flags.writeSettings === true) refuseWriting(edit, names, flags)
  const files = [names.source, names.target].filter(({ isSettings }) => isSettings).map(({ text }) => resolve(text))
  return {
    edit,
    warnings: [
      ...(files.length === 0 ? [] : differenceWarnings(names, source, target)),
      ...othersNaming(source.label, files, edit?.file, environment).map(
        (file) => `${file} still names the old database: edit it as well before SIPIS starts.`,
      ),
    ],
  }
}

function editFor(
  names: Names,
  source: DatabaseTarget,
  target: DatabaseTarget,
  flags: CopyFlags,
  environment: Environment,
): SettingsEdit | undefined {
  if (!names.source.isSettings || names.target.isSettings) return undefined
  const { host, port, database } = target.connection
  const changes = {
    dbname: String(database),
    ...(source.connection.host === host ? {} : { host: String(host) }),
    ...(source.connection.port === port ? {} : { port: String(port) }),
  }
  try {
    const edit = editSettings(holderOf(names.source), changes)
    const { database: edited } = parseConnectionString(edit.openString, edit.file, environment)
    if (edited !== database) throw new Problem(`${edit.file} cannot be edited. Edit it by hand.`)
    return edit
  } catch (error) {
    // Only a hint, unless the file is to be written.
    if (error instanceof Problem && flags.writeSettings !== true) return undefined
    throw error
  }
}

function holderOf({ text }: Name): string {
  return realpathSync(readSettings([text])[0]?.holder ?? text)
}

function refuseWriting(edit: SettingsEdit | undefined, { source, target }: Names, flags: CopyFlags): void {
  if (flags.execute !== true) throw new Problem('--write-settings works with --execute only. Add it.', 'USAGE')
  if (edit === undefined) {
    const why = source.isSettings ? `${target.text} names the new database already` : 'OLD is no Settings.xml'
    throw new Problem(`--write-settings has nothing to edit: ${why}. Leave it out.`, 'USAGE')
  }
  try {
    accessSync(dirname(edit.file), constants.W_OK)
  } catch {
    throw new Problem(`--write-settings cannot write into ${dirname(edit.file)}. Run as a user who may.`, 'SETTINGS')
  }
}

/** Other settings in the folders of these files that name a database; broken ones name none. */
function othersNaming(
  label: string,
  files: readonly string[],
  edited: string | undefined,
  environment: Environment,
): string[] {
  const beside = [...new Set(files.map((file) => dirname(file)))].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^Settings.*\.xml$/i.test(name))
      .map((name) => join(folder, name)),
  )
  return beside.filter((file) => {
    if (files.includes(file)) return false
    try {
      const { holder } = readSettings([file])[0] ?? {}
      return holder !== edited && databaseAt(file, file, true, environment).label === label
    } catch {
      return false
    }
  })
}

export interface EditedSettings extends Pick<SettingsEdit, 'file' | 'line' | 'element'> {
  /** The file as it was; null if the settings have not been written. */
  readonly backup: string | null
}

/** Lines about the settings for the report. */
export function describeSettings({ file, line, element, backup }: EditedSettings): string[] {
  const indented = element.split('\n').map((part) => `  ${part.trim()}`)
  if (backup !== null) return [`Edited line ${line} of ${file}; ${backup} is the file as it was.`, ...indented]
  return [`For SIPIS to use the target, line ${line} of ${file} becomes (its secrets stay as they are):`, ...indented]
}

/** Writes the settings of a copy that is committed. A failure is a warning: it does not undo the copy. */
export function writeOrWarn(edit: SettingsEdit): { readonly backup?: string; readonly warning?: string } {
  try {
    return { backup: writeSettings(edit) }
  } catch (error) {
    return { warning: error instanceof Error ? error.message : String(error) }
  }
}
