import { existsSync } from 'node:fs'
import { databaseAt } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import { inKind, Problem } from '../errors/problem.ts'
import type { CopyOptions } from '../tools/copy/options.ts'
import type { InvalidBytes } from '../tools/copy/plan/conversion.ts'
import type { Mode } from '../tools/copy/report/report.ts'
import { acceptances } from './accept-rejects.ts'

export interface CopyFlags {
  readonly to?: string | undefined
  readonly from?: string | undefined
  readonly back?: boolean | undefined
  readonly execute?: boolean | undefined
  readonly rehearse?: boolean | undefined
  readonly verifyOnly?: boolean | undefined
  readonly freeze?: boolean | undefined
  readonly invalidBytes: InvalidBytes
  readonly missedReason: string
  readonly rejects?: string | undefined
  readonly acceptRejects?: readonly string[] | undefined
  readonly lockTimeout: number
  readonly result?: string | undefined
  readonly writeSettings?: boolean | undefined
  readonly json?: boolean | undefined
}

/** PostgreSQL knows no longer one. */
const largestTimeoutMs = 2_147_483_647

/** The names of both databases, as the operator wrote them. */
export interface Names {
  readonly target: Name
  readonly source: Name
}

export interface Name {
  readonly text: string
  readonly isSettings: boolean
  /** What has the name, for messages. */
  readonly where: string
}

/** @throws Problem if a database is named twice or not at all */
export function namesOf([newName, oldName]: readonly (string | undefined)[], flags: CopyFlags): Names {
  return { target: nameOf(newName, flags.to, 'NEW', '--to'), source: nameOf(oldName, flags.from, 'OLD', '--from') }
}

function nameOf(place: string | undefined, flag: string | undefined, what: string, option: string): Name {
  if (place !== undefined && flag !== undefined)
    throw new Problem(`${what} and ${option} name the same database twice. Give one of them.`, 'USAGE')
  const text = place ?? flag
  if (text === undefined) {
    throw new Problem(
      `${what} is missing. The order is: sipis-gateway copy NEW OLD, each a Settings.xml or a postgres:// URL.`,
      'USAGE',
    )
  }
  // The name of an existing file is a path, whatever its form.
  const isSettings = existsSync(text) || /\.xml(\.\w+)?$/i.test(text)
  return { text, isSettings, where: place === undefined ? option : what }
}

/** @throws Problem if a flag or a name is invalid */
export function optionsOf(names: Names, flags: CopyFlags, environment: Environment): CopyOptions {
  const databaseOf = ({ text, where, isSettings }: Name) =>
    inKind(isSettings ? 'SETTINGS' : 'USAGE', () => databaseAt(text, where, isSettings, environment))
  const [target, source] = [databaseOf(names.target), databaseOf(names.source)]
  const mode = modeOf(flags)
  return {
    source,
    target,
    mode,
    back: flags.back === true,
    freeze: flags.freeze ?? mode === 'execute',
    invalidBytes: flags.invalidBytes,
    missedReason: flags.missedReason,
    rejectsFile: flags.rejects,
    accepted: acceptances(flags.acceptRejects ?? []),
    lockTimeoutMs: Math.min(flags.lockTimeout * 1000, largestTimeoutMs),
  }
}

function modeOf({ execute, rehearse, verifyOnly }: CopyFlags): Mode {
  const given = [
    ...(execute === true ? ['execute' as const] : []),
    ...(rehearse === true ? ['rehearse' as const] : []),
    ...(verifyOnly === true ? ['verify-only' as const] : []),
  ]
  const [mode = 'dry-run'] = given
  if (given.length < 2) return mode
  const names = given.map((name) => `--${name}`).join(' and ')
  throw new Problem(`${names} exclude each other. Give one of them, or none for a dry run.`, 'USAGE')
}
