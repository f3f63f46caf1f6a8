import { readFileSync } from 'node:fs'
import { isScalarType, isSpecifiedScalarType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { codegen } from '../src/codegen.ts'
import { schema } from '../src/graph/schema.ts'

describe('The configuration for graphql-codegen', () => {
  it('finds the schema by itself', () => {
    expect(readFileSync(codegen().schema, 'utf8')).toBe(readFileSync('schema.graphql', 'utf8'))
  })

  it('has a type for every scalar of the schema, and leaves enums open to new values', () => {
    const { config } = codegen().generates['src/gql/'] ?? {}
    const own = Object.values(schema.getTypeMap()).filter((type) => isScalarType(type) && !isSpecifiedScalarType(type))
    expect(own.map(({ name }) => name).filter((name) => config?.scalars[name] === undefined)).toEqual([])
    expect(config).toMatchObject({ strictScalars: true, futureProofEnums: true })
  })

  it('takes documents, a folder and whether to write a manifest, and shares no state', () => {
    const documents = ['app/**/*.graphql']
    const given = codegen({ documents, output: 'gql/', persistedDocuments: true })
    expect(given).toMatchObject({
      documents,
      generates: {
        'gql/': { preset: 'client', presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } } },
      },
    })
    expect(codegen({ output: 'src/api/' }).documents).toEqual(['src/**/*.{ts,tsx,graphql}', '!src/api/**'])
    given.documents.push('more')
    expect(documents).toHaveLength(1)
    expect(codegen().generates['src/gql/']?.presetConfig).toEqual({})
  })

  it('has types without null for @semanticNonNull if the client throws the errors of fields', () => {
    const { config } = codegen({ errorHandlingClient: true }).generates['src/gql/'] ?? {}
    expect(config?.nullability).toEqual({ errorHandlingClient: true })
    expect(codegen().generates['src/gql/']?.config).not.toHaveProperty('nullability')
  })

  it('imports no package, so that it needs none at run time', () => {
    const imports = [...readFileSync('src/codegen.ts', 'utf8').matchAll(/from '([^']+)'/g)].map(([, name]) => name)
    expect(imports).toEqual(['node:url'])
  })

  it('is an entry of the package, with its types and the schema', () => {
    const { exports, files } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(exports['./codegen']).toEqual({ types: './dist/codegen.d.ts', default: './dist/codegen.js' })
    expect(exports['./schema.graphql']).toBe('./schema.graphql')
    expect(files).toEqual(expect.arrayContaining(['dist', 'schema.graphql']))
  })
})
