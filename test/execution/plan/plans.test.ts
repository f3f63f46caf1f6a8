import type { OperationDefinitionNode } from 'graphql'
import { Kind, parse } from 'graphql'
import { expect, it } from 'vitest'
import { createPlans } from '../../../src/execution/plan/plans.ts'
import { schema } from '../../../src/graph/schema.ts'

function planning(text: string) {
  const planOf = createPlans(schema)
  const document = parse(text)
  const [operation] = document.definitions.filter(
    (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
  )
  return (variables = {}) => operation && planOf(document, operation, variables)
}

it('A query is planned once for each outcome of its conditions, whatever its other variables are', () => {
  const plan = planning(
    'query ($a: Boolean!, $n: Int) { viewer { name @skip(if: $a) } calls(first: $n) { totalCount } }',
  )
  expect(plan({ a: true, n: 1 })).toBe(plan({ a: true, n: 2 }))
  expect(plan({ a: true })).not.toBe(plan({ a: false }))
})

it('A condition without a value has no plan', () => {
  expect(planning('query ($a: Boolean = true) { viewer { name @skip(if: $a) } }')({ a: null })).toBeUndefined()
})

it('Fragments within fragments are planned where there are values', () => {
  const depth = 40
  const fragments = Array.from(
    { length: depth },
    (_, n) =>
      `fragment F${n} on Selector { a: installations { nodes { ...F${n + 1} } } b: installations { nodes { ...F${n + 1} } } }`,
  )
  const plan = planning(
    `{ selectors { nodes { ...F0 } } } ${fragments.join(' ')} fragment F${depth} on Selector { id }`,
  )()
  expect(plan?.fields).toHaveLength(1)
})

it('Plans that grow far beyond their document are forgotten', () => {
  const names = Array.from({ length: 6 }, (_, n) => `a${n}`)
  const conditions = names.map((name) => `$${name}: Boolean!`).join()
  const plan = planning(
    `query (${conditions}) { viewer { ${names.map((name) => `${name}: name @skip(if: $${name})`).join(' ')} } }`,
  )
  const values = Array.from({ length: 64 }, (_, n) =>
    Object.fromEntries(names.map((name, at) => [name, (n & (1 << at)) > 0])),
  )
  const first = plan(values[0])
  expect(plan(values[0])).toBe(first)
  // The field `viewer` is planned at once.
  for (const each of [...values, ...values]) plan(each)
  expect(plan(values[0])).not.toBe(first)
})
