import type { ReactNode } from 'react'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { Page, Section } from '../parts/page.tsx'
import { useZone } from '../parts/zone.tsx'
import type { Column } from './csv.ts'
import { CsvButton } from './csv-button.tsx'
import type { Field } from './field.ts'
import { Filters } from './filters.tsx'
import type { Item } from './page-list.ts'
import { PageRows } from './pages.tsx'
import type { Source } from './use-pages.ts'
import { usePages } from './use-pages.ts'

export interface ListAbout<Data, Of extends Item> {
  readonly title: string
  /** What the list shows, and what it cannot show. */
  readonly about: ReactNode
  readonly fields: readonly Field[]
  /** @param zone of the days in the address */
  readonly sourceOf: (parameters: URLSearchParams, zone: string) => Source<Data, Of>
  readonly row: (item: Of) => ReactNode
  readonly empty: ReactNode
  /** Where less can be asked. */
  readonly smaller: ReactNode
  readonly columns: readonly Column<Of>[]
}

/** A list over all selectors, with filters in the address. */
export function ListPage<Data, Of extends Item>({ list }: { list: ListAbout<Data, Of> }) {
  const [parameters] = useSearchParams()
  const { name: zone } = useZone()
  return (
    <Page title={list.title}>
      <p className="quiet">{list.about}</p>
      <Filters fields={list.fields} />
      <Rows key={`${zone} ${parameters}`} list={list} parameters={parameters} />
    </Page>
  )
}

function Rows<Data, Of extends Item>({ list, parameters }: { list: ListAbout<Data, Of>; parameters: URLSearchParams }) {
  const { name: zone } = useZone()
  const [source] = useState(() => list.sourceOf(parameters, zone))
  const pages = usePages(source)
  return (
    <Section title="Rows" aside={`times in ${zone}`}>
      <CsvButton name={list.title.toLowerCase().replaceAll(' ', '-')} source={source} columns={list.columns} />
      <PageRows pages={pages} what="the list" row={list.row} empty={list.empty} smaller={list.smaller} />
    </Section>
  )
}
