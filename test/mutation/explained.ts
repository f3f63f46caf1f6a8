/** Surviving mutants without an effect that a caller can observe, each with the reason. They count as survivors. */
export const explained: Readonly<Record<string, string>> = {
  "src/loaders/collection-statements.ts | collectionStatements.count | 'count' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/collection-statements.ts | collectionStatements.countOf | 'count of one' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/collection-statements.ts | collectionStatements.countOf | 'count of each' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/collection-statements.ts | collectionStatements.byIdentity | 'identity' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/filters.ts | ofReasons | 'reasons' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/filters.ts | ofReasons | 'reasonsAndUnknown' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/filters.ts | messageConditions | 'contentType' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/filters.ts | inPeriod | 'since' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/filters.ts | inPeriod | 'until' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/filters.ts | ofPeer | 'username' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/filters.ts | ofPeer | 'domain' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/message-contents.ts | prepareContent.statementOf.statement | 'contents' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/orphan-push-tests.ts | prepareOrphanPushTests.statementOf | 'orphan' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/selectors.ts | selectorStatements.byName | 'one' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/selectors.ts | selectorStatements.byName | 'each' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/selectors.ts | selectorStatements.count | 'count' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  "src/loaders/settings.ts | prepareSettings.statementOf | 'settings' -> ''":
    'The name only has to differ from the other names of the loader; a single empty name does.',
  'src/loaders/collection.ts | prepareCollection.counts | 0 -> 1 #3':
    'The left side is never undefined here; only the type of the indexed access requires the right side.',
  'src/loaders/keyset.ts | windowOf.limit | first ?? last ?? 0 -> first ?? last':
    'The left side is never undefined here; only the type of the indexed access requires the right side.',
  'src/loaders/keyset.ts | windowOf.limit | 0 -> 1':
    'The left side is never undefined here; only the type of the indexed access requires the right side.',
  'src/loaders/keyset.ts | pageOf.size | last ?? 0 -> last':
    'The left side is never undefined here; only the type of the indexed access requires the right side.',
  'src/loaders/keyset.ts | pageOf.size | 0 -> 1':
    'The left side is never undefined here; only the type of the indexed access requires the right side.',
  'src/loaders/message-contents.ts | prepareContent | row[0] ?? null -> row[0]':
    'The left side is never undefined here; only the type of the indexed access requires the right side.',
  'src/loaders/keyset.ts | pageOf.cut | last === undefined -> false':
    'Without last, the end of the slice is NaN, which slice treats as 0.',
  'src/loaders/cursor.ts | maxLength | 2_000 -> 2001':
    'No cursor has a length of 2,001: base64url of whole bytes never leaves a remainder of 1 in 4.',
  'src/loaders/loaders.ts | preparedFor | known.set(projection, prepared) -> (nothing)':
    'Preparing again yields the same; caching is an optimization.',
  'src/loaders/metered.ts | endedBy.once | true -> false': 'A signal is given once at most.',
  'src/documents/arguments.ts | createArguments.ofVariable.length | lengths.get(name) ?? lengthOf(variables[name]) -> lengthOf(variables[name])':
    'An optimization: reading or computing again yields the same.',
  'src/documents/arguments.ts | createArguments.ofVariable | lengths.set(name, length) -> (nothing)':
    'An optimization: reading or computing again yields the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet.ofSources | known.get(set) ?? new Map<Source, number>() -> new Map<Source, number>()':
    'An optimization: reading or computing again yields the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet | known.set(set, ofSources) -> (nothing)':
    'An optimization: reading or computing again yields the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet.cost | ofSources.get(source) ?? sum(set.selections, (one) => ofS... -> sum(set.selections, (one) => ofSelection(one, type, source))':
    'An optimization: reading or computing again yields the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet | ofSources.set(source, cost) -> (nothing)':
    'An optimization: reading or computing again yields the same.',
  "src/auth/jwks.ts | parseJson.reason | error instanceof Error && 'code' in error -> true":
    'The thrown value is always an Error; its type is unknown.',
  "src/auth/jwks.ts | parseJson.reason | error instanceof Error && 'code' in error -> error instanceof Error || 'code' in error":
    'The thrown value is always an Error; its type is unknown.',
  'src/auth/jwks.ts | reasonOf | !(error instanceof Error) -> false':
    'The thrown value is always an Error; its type is unknown.',
  'src/auth/jwks.ts | reasonOf | String(error) -> undefined':
    'The thrown value is always an Error; its type is unknown.',
  'src/auth/jwks.ts | fetchTimeoutMs | 5_000 -> 5001':
    'One millisecond in 5,000 is within the latency of the response.',
  "src/auth/jwks.ts | parseJson | 'utf8' -> ''": 'JSON.parse takes the bytes for UTF-8 too.',
  'src/auth/jwks.ts | jwksFromUrl.remote.customFetch | throw error -> (nothing)':
    'The library fails without a response as well.',
  'src/auth/jwks.ts | jwksFromUrl.refresh | remote.jwks() === undefined || remote.reloading -> remote.jwks() === undefined && remote.reloading':
    'The library itself fetches if no keys are known, and waits for a pending fetch.',
  'src/auth/jwks.ts | bounded | response.body ?? [] -> response.body':
    'An answer without a body is a failure either way.',
  "src/auth/jwks.ts | bounded.headers.? | 'application/json' -> ''":
    'The library does not check the content type of the custom fetch.',
  'src/auth/jwt.ts | principalOf.?.exp | 0 -> 1': 'A token without exp has been refused before.',
  "src/auth/jwt.ts | scopesOf.known | given.filter((one) => typeof one === 'string') -> given":
    'A value that is not a string is not a known scope, either.',
  'src/auth/key-file.ts | groupWrite | 0o020 -> 17': 'A file that others may use has been refused before.',
  'src/auth/key-file.ts | linesOf | offset < bytes.length -> offset <= bytes.length':
    'After the last byte there is only a blank line, which is omitted.',
  'src/auth/key-file.ts | write | fsyncSync(descriptor) -> (nothing)': 'Only a power failure reveals a missing fsync.',
  "src/auth/refused-fields.ts | ofScopes.key | ' ' -> ''":
    'No two sets of scopes yield the same text without blanks, either.',
  'src/documents/documents.ts | prepare.mistakes.hideSuggestions | true -> false':
    'Suggestions are removed from the message afterwards as well; not computing them is an optimization.',
  'src/documents/documents.ts | hasMoreLines | 1 -> 2': 'Lines beyond the bound are only compared with it.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSelection | fragment === undefined -> false':
    'A valid document contains the fragment; only the type of the look-up requires the case.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSelection | 0 -> 1':
    'A valid document contains the fragment; only the type of the look-up requires the case.',
  'src/documents/cost.ts | priceOf.ofFragment | free -> undefined':
    'A valid document contains the fragment; only the type of the look-up requires the case.',
  'src/documents/cost.ts | priceOf.ofIntrospection | 1 -> undefined':
    'A valid document selects fields of __schema and __type.',
  'src/documents/cost.ts | priceOf.ofIntrospection | 1 -> 2': 'A valid document selects fields of __schema and __type.',
  'src/documents/introspection-cost.ts | introspectionCost.ofField.definition | isObjectType(type) -> true':
    'All types of introspection that have fields are object types.',
  'src/documents/introspection-cost.ts | introspectionCost.ofField | definition === undefined || selectionSet === undefined -> definition === undefined && selectionSet === undefined':
    'A field without a selection returns no objects, so it is counted once either way.',
  "src/documents/introspection-cost.ts | introspectionCost.resolved | typeof resolve === 'function' -> true":
    'All introspection fields have a resolver; it is optional only in their type.',
  'src/documents/shape.ts | nothing.depth | 0 -> 1': 'A document with a cyclic fragment is rejected in any case.',
  'src/documents/shape.ts | nothing.size | 0 -> 1': 'A document with a cyclic fragment is rejected in any case.',
  'src/documents/shape.ts | nothing.repeats | 0 -> 1': 'A document with a cyclic fragment is rejected in any case.',
  "src/documents/shape.ts | measure.all | 'selectionSet' in definition -> true":
    'A definition without fields has no fields to measure.',
  'src/database/scans.ts | openScans.turn.perCaller | 1 -> 2': 'There is one turn in all.',
  'src/database/cancel.ts | cancelStatement | processID === null || secretKey === null -> processID === null && secretKey === null':
    'A server sends both in one message, or neither.',
  'src/database/cancel.ts | cancelStatement.connection | isEncrypted -> true':
    'The connection encrypts only if requested, which is decided again below.',
  'src/database/client.ts |  | error instanceof Error -> true': 'The driver throws nothing but errors.',
}
