/** SIPIS's schemas, newest first. What differs between them is a Record over these names, so that the compiler finds what a new one lacks. */
export const schemaVersions = ['V2', 'V1'] as const

export type SchemaVersion = (typeof schemaVersions)[number]

export const [newestVersion] = schemaVersions

export const versionValues: Readonly<Record<SchemaVersion, { readonly description: string }>> = {
  V1: { description: 'SIPIS until 3.59.' },
  V2: { description: 'SIPIS since 4.0.' },
}
