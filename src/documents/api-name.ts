interface Named {
  readonly name: string
  readonly extensions: object
}

/** Name of a type or field in the API for clients. The federation subgraph serves some under other names, but with the same rules. */
export function apiName({ name, extensions }: Named): string {
  return 'apiName' in extensions ? String(extensions.apiName) : name
}
