import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { settingNames } from '../src/config/settings.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { cloneDatabase, untilTestEnds } from './support/database.ts'
import { openMeasured } from './support/measured.ts'

const textOf = (file: string) => readFileSync(file, 'utf8')
const documentsOf = (file: string): unknown[] =>
  parseAllDocuments(textOf(file), { merge: true }).map((document) => document.toJS())
const yamlFiles = globSync('deploy/**/*.yaml')

const texts = z.record(z.string(), z.unknown())
const composeFile = z.object({
  services: z.record(z.string(), z.object({ image: z.string(), environment: texts.optional() })),
})
const configMap = z.object({ kind: z.literal('ConfigMap'), data: texts })
const alertRules = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
})
const dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
})

const alerts = documentsOf('deploy/prometheus/alerts.yaml')
  .flatMap((document) => alertRules.parse(document).groups)
  .flatMap(({ rules }) => rules)
const panels = dashboard.parse(JSON.parse(textOf('deploy/grafana/sipis-gateway.json'))).panels
const expressions = [
  ...alerts.map(({ expr }) => expr),
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
]

/** Names of metrics in a PromQL expression, without the suffixes of histograms. */
function metricsIn(expression: string): string[] {
  const names = expression.match(/\b(sipis|nodejs|process)_\w+/g) ?? []
  return names.map((name) => name.replace(/_(bucket|sum|count)$/, ''))
}

describe('The files of deploy/', () => {
  it.each(yamlFiles)('are YAML that parses without warnings: %s', (file) => {
    const documents = parseAllDocuments(textOf(file), { merge: true })
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([])
    expect(documents.length).toBeGreaterThan(0)
  })

  it('refer only to metrics that a running gateway has', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { scrape } = await openMeasured(own.url)
    const text = await (await scrape()).text()
    const names = new Set(expressions.flatMap(metricsIn))
    expect(names.size).toBeGreaterThan(20)
    expect([...names].filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([])
  })

  it('show every metric of the gateway on the dashboard', () => {
    const shown = new Set(panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr))))
    const all = createMetrics().descriptions.map(({ name }) => name)
    expect(all.filter((name) => !shown.has(name))).toEqual([])
  })

  it('select only by labels that the metric has', () => {
    const labels = new Map(createMetrics().descriptions.map((metric) => [metric.name, metric.labels]))
    const wrong = expressions.flatMap((expression) =>
      [...expression.matchAll(/\b(sipis_\w+?)(?:_bucket)?\{([^}]*)\}/g)].flatMap(([, name = '', selection = '']) => {
        const known = ['instance', 'job', ...(labels.get(name) ?? [])]
        const used = [...selection.matchAll(/(\w+)\s*(?:=~|!=|=)/g)].map(([, label = '']) => label)
        return used.filter((label) => !known.includes(label)).map((label) => `${name} ${label}`)
      }),
    )
    expect(wrong).toEqual([])
  })

  it('set only settings that are declared', () => {
    const { services } = composeFile.parse(documentsOf('deploy/docker/compose.yaml')[0])
    const ofGateways = Object.values(services).filter(({ image }) => image === 'sipis-gateway')
    const maps = documentsOf('deploy/kubernetes/sipis-gateway.yaml').flatMap(
      (document) => configMap.safeParse(document).data ?? [],
    )
    const unit = textOf('deploy/systemd/sipis-gateway.service')
    const [, image = ''] = /^ENV (.+)$/m.exec(textOf('deploy/docker/Dockerfile')) ?? []
    const names = [
      ...ofGateways.flatMap(({ environment = {} }) => Object.keys(environment)),
      ...maps.flatMap(({ data }) => Object.keys(data)),
      ...[...textOf('deploy/kubernetes/sipis-gateway.yaml').matchAll(/--from-literal=(\w+)=/g)].map(
        ([, name = '']) => name,
      ),
      ...[...unit.matchAll(/^(?:Environment=|# {3})(\w+)=/gm)].map(([, name = '']) => name),
      ...[...image.matchAll(/(\w+)=/g)].map(([, name = '']) => name),
    ]
    expect(names.length).toBeGreaterThan(15)
    expect(names.filter((name) => !settingNames.includes(name))).toEqual([])
  })
})
