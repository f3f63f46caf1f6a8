import { useState } from 'react'
import type { Client } from 'urql'
import { useClient } from 'urql'
import { formatCount } from '../parts/format.ts'
import type { Problem } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { useZone } from '../parts/zone.tsx'
import type { Column } from './csv.ts'
import { csvOf } from './csv.ts'
import type { Item } from './page-list.ts'
import { listOf } from './page-list.ts'
import type { Answer, Source } from './use-pages.ts'
import { readPage } from './use-pages.ts'

const pageSize = 100
const mostRows = 2_000

interface Props<Data, Of extends Item> {
  readonly name: string
  readonly source: Source<Data, Of>
  readonly columns: readonly Column<Of>[]
}

/** Reads the list anew, by cursors, so that no row is repeated or left out, and saves it as a file. */
export function CsvButton<Data, Of extends Item>({ name, source, columns }: Props<Data, Of>) {
  const client = useClient()
  const { name: zone } = useZone()
  const [status, setStatus] = useState(`at most ${formatCount(mostRows)} rows, the first of the list`)
  const [problem, setProblem] = useState<Problem>()
  const save = async () => {
    const read = await readAll(client, source, (count) => setStatus(`Reads ${formatCount(count)} …`))
    setProblem(read.problem)
    if (read.problem !== undefined) return
    download(`${name}.csv`, csvOf(columns, read.items, zone))
    const cut = read.hasMore ? ' There are more: narrow the filter for them.' : ''
    setStatus(`${formatCount(read.items.length)} rows saved.${cut}`)
  }
  return (
    <>
      <p className="csv">
        <button type="button" onClick={save}>
          CSV
        </button>{' '}
        <span className="quiet" role="status">
          {status}
        </span>
      </p>
      {problem !== undefined && <ProblemNote problem={problem} onRetry={save} />}
    </>
  )
}

interface Read<Of> {
  readonly items: readonly Of[]
  readonly hasMore: boolean
  readonly problem: Problem | undefined
}

async function readAll<Data, Of extends Item>(
  client: Client,
  source: Source<Data, Of>,
  onProgress: (count: number) => void,
): Promise<Read<Of>> {
  const items: Of[] = []
  let after: string | null = null
  for (;;) {
    onProgress(items.length)
    const answer: Answer<Of> = await readPage(client, source, { first: pageSize, ...(after === null ? {} : { after }) })
    if (answer.page === undefined) return { items, hasMore: false, problem: answer.problem }
    const { items: next, cursor, hasMore } = listOf(answer.page)
    items.push(...next)
    if (!hasMore || items.length >= mostRows || cursor === null) return { items, hasMore, problem: undefined }
    after = cursor
  }
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
