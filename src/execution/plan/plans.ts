import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { Kind, visit } from 'graphql'
import { LRUCache } from 'lru-cache'
import { fragmentsOf } from '../../documents/fragments.ts'
import type { ObjectPlan } from './object-plan.ts'
import type { Planning } from './plan-object.ts'
import { planObject } from './plan-object.ts'

/** A field of a plan takes about 700 bytes. */
const rememberedFields = 50_000
/** Fields of all plans of an operation, for each field of its document: a fragment is planned wherever it is spread. */
const mostForEach = 4

type Variables = Readonly<Record<string, unknown>>

/** The plan of a query, for these values of its variables; undefined if they give no value to a condition. */
export type PlanOf = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
) => ObjectPlan | undefined

/** Plans queries, and remembers the plans. */
export function createPlans(schema: GraphQLSchema): PlanOf {
  const query = schema.getQueryType()
  if (query == null) throw new Error('The schema has no queries.')
  const remembered = new LRUCache<OperationDefinitionNode, Plans>({
    maxSize: rememberedFields,
    sizeCalculation: ({ mostFields }) => mostFields,
  })
  return (document, operation, variables) => {
    let plans = remembered.get(operation)
    if (plans === undefined || plans.fields > plans.mostFields) {
      plans = new Plans(document)
      remembered.set(operation, plans)
    }
    return plans.planOf(variables, (definitions) => {
      const planning = { ...definitions, schema, fields: 0 }
      return { planning, plan: planObject(query, [operation.selectionSet], planning) }
    })
  }
}

interface Planned {
  readonly planning: Planning
  readonly plan: ObjectPlan
}

/** The plans of one operation. They differ in what @skip and @include leave of it. */
class Plans {
  readonly mostFields: number
  readonly #fragments: Planning['fragments']
  /** Variables that @skip and @include name. */
  readonly #conditions = new Set<string>()
  readonly #planned = new Map<string, Planned>()

  constructor(document: DocumentNode) {
    let fields = 0
    visit(document, {
      [Kind.FIELD]: () => {
        fields++
      },
      [Kind.DIRECTIVE]: ({ arguments: given = [] }) => {
        for (const { value } of given) if (value.kind === Kind.VARIABLE) this.#conditions.add(value.name.value)
      },
    })
    this.#fragments = fragmentsOf(document)
    this.mostFields = fields * mostForEach
  }

  /** Fields of all plans. They grow when values come that have not been planned for. */
  get fields(): number {
    let sum = 0
    for (const { planning } of this.#planned.values()) sum += planning.fields
    return sum
  }

  planOf(variables: Variables, make: (definitions: Pick<Planning, 'fragments' | 'variables'>) => Planned) {
    const conditions = [...this.#conditions].map((name) => [name, variables[name]] as const)
    if (conditions.some(([, value]) => typeof value !== 'boolean')) return undefined
    const key = JSON.stringify(conditions)
    const planned =
      this.#planned.get(key) ?? make({ fragments: this.#fragments, variables: Object.fromEntries(conditions) })
    this.#planned.set(key, planned)
    return planned.plan
  }
}
