import type { Help } from 'commander'
import { settingGroups } from '../config/settings.ts'

/** The end of `serve --help`: every environment variable, by group. */
export function settingsHelp(helper: Help): string {
  const groups = settingGroups.map(({ title, settings }) => ({ title, entries: Object.entries(settings) }))
  const width = Math.max(...groups.flatMap(({ entries }) => entries.map(([name]) => name.length)))
  const lines = groups.flatMap(({ title, entries }) => {
    const items = entries.map(([name, { sentence, values, byDefault }]) => {
      const about = `${sentence.replaceAll('`', '')} (${values}${byDefault === '' ? '' : `; default: ${byDefault}`})`
      return helper.formatItem(name, width, about, helper)
    })
    return helper.formatItemList(`${title}:`, items, helper)
  })
  return ['Environment variables; flags go before them. docs/configuration.md says more.', '', ...lines].join('\n')
}
