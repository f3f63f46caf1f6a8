/** Surviving mutants without an effect that a caller can observe, each with the reason. They count as survivors. */
export const explained: Readonly<Record<string, string>> = {
  "src/loaders/collection-statements.ts | collectionStatements.count | 'count' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/collection-statements.ts | collectionStatements.countOf | 'count of one' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/collection-statements.ts | collectionStatements.countOf | 'count of each' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/collection-statements.ts | collectionStatements.byIdentity | 'identity' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | ofReasons | 'reasons' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | ofReasons | 'reasonsAndUnknown' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | messageConditions | 'contentType' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | pushTestConditions.found | 'platform' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | inPeriod | 'since' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | inPeriod | 'until' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | ofPeer | 'username' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/filters.ts | ofPeer | 'domain' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/message-contents.ts | prepareContent.statementOf.statement | 'contents' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/orphan-push-tests.ts | prepareOrphanPushTests.statementOf | 'orphan' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorStatements.byName | 'one' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorStatements.byName | 'each' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorStatements.count | 'count' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorConditions | 'prefix' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorConditions | 'suffix' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorConditions | 'appId' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorConditions | 'lastSeenSince' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/selectors.ts | selectorConditions | 'lastSeenUntil' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/settings.ts | prepareSettings.statementOf | 'settings' -> ''":
    'Only has to differ from the other names of its statements, which one empty name still does.',
  "src/loaders/statements.ts | openStatements.full | ' ' -> ''":
    'The parts of a shape are told apart without a blank between them too.',
  'src/loaders/collection.ts | prepareCollection.pages | ofEach[index] ?? [] -> ofEach[index]':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/collection.ts | prepareCollection.counts | ofEach[index]?.[0]?.[0] ?? 0 -> ofEach[index]?.[0]?.[0]':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/collection.ts | prepareCollection.counts | 0 -> 1 #3':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/keyset.ts | windowOf.limit | first ?? last ?? 0 -> first ?? last':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/keyset.ts | windowOf.limit | 0 -> 1':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/keyset.ts | pageOf.size | last ?? 0 -> last':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/keyset.ts | pageOf.size | 0 -> 1':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/message-contents.ts | prepareContent | row[0] ?? null -> row[0]':
    'The left side is never absent here; the type of an indexed access makes the right side necessary.',
  'src/loaders/filters.ts | ofReasons.words | asked.filter((word) => word !== null) -> asked':
    'A null in = ANY makes the comparison null where it would be false, and a row is refused for either.',
  'src/loaders/json-bytes.ts | jsonBytes | plain.test(text) -> false':
    'The short way and the long way give the same number; the short one is faster.',
  'src/loaders/keyset.ts | pageOf.cut | last === undefined -> false':
    'Without last the end of the slice is NaN, which slice takes for 0.',
  'src/loaders/cursor.ts | maxLength | 2_000 -> 2001':
    'No cursor has a length of 2,001: base64url of whole bytes never leaves a remainder of 1 in 4.',
  'src/loaders/loaders.ts | preparedFor.prepared | known.get(projection) ?? prepareLoaders(projection) -> prepareLoaders(projection)':
    'What is prepared is the same each time; to keep it saves work.',
  'src/loaders/loaders.ts | preparedFor | known.set(projection, prepared) -> (nothing)':
    'What is prepared is the same each time; to keep it saves work.',
  'src/loaders/metered.ts | metered.once | true -> false': 'A signal is given once at most.',
  'src/auth/api-key-verifier.ts | openApiKeyVerifier.reload | bytes?.equals(read) !== true -> true':
    'It saves work: what is read or computed anew is the same.',
  'src/auth/api-key-verifier.ts | openApiKeyVerifier.reload | bytes = read -> (nothing)':
    'It saves work: what is read or computed anew is the same.',
  'src/documents/arguments.ts | createArguments.ofVariable.length | lengths.get(name) ?? lengthOf(variables[name]) -> lengthOf(variables[name])':
    'It saves work: what is read or computed anew is the same.',
  'src/documents/arguments.ts | createArguments.ofVariable | lengths.set(name, length) -> (nothing)':
    'It saves work: what is read or computed anew is the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet.ofSources | known.get(set) ?? new Map<Source, number>() -> new Map<Source, number>()':
    'It saves work: what is read or computed anew is the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet | known.set(set, ofSources) -> (nothing)':
    'It saves work: what is read or computed anew is the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet.cost | ofSources.get(source) ?? sum(set.selections, (one) => ofS... -> sum(set.selections, (one) => ofSelection(one, type, source))':
    'It saves work: what is read or computed anew is the same.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSet | ofSources.set(source, cost) -> (nothing)':
    'It saves work: what is read or computed anew is the same.',
  'src/auth/api-key-verifier.ts | openApiKeyVerifier.refresh.reason | error instanceof Error -> true':
    'What is thrown there is always an Error; its type does not say so.',
  "src/auth/jwks.ts | parseJson.reason | error instanceof Error && 'code' in error -> true":
    'What is thrown there is always an Error; its type does not say so.',
  "src/auth/jwks.ts | parseJson.reason | error instanceof Error && 'code' in error -> error instanceof Error || 'code' in error":
    'What is thrown there is always an Error; its type does not say so.',
  'src/auth/jwks.ts | reasonOf | !(error instanceof Error) -> false':
    'What is thrown there is always an Error; its type does not say so.',
  'src/auth/jwks.ts | reasonOf | String(error) -> undefined':
    'What is thrown there is always an Error; its type does not say so.',
  "src/auth/api-key-verifier.ts | openApiKeyVerifier.? | '' -> 'mutant'": 'No key has such an id.',
  'src/auth/jwks.ts | fetchTimeoutMs | 5_000 -> 5001':
    'One millisecond of 5,000 cannot be told from the way of the answer.',
  "src/auth/jwks.ts | parseJson | 'utf8' -> ''": 'JSON.parse takes the bytes for UTF-8 too.',
  'src/auth/jwks.ts | jwksFromUrl.remote.customFetch | throw error -> (nothing)':
    'Without an answer the library fails as well.',
  'src/auth/jwks.ts | jwksFromUrl.refresh | remote.jwks() === undefined || remote.reloading -> remote.jwks() === undefined && remote.reloading':
    'The library itself fetches where nothing is known, and waits for a fetch that is under way.',
  'src/auth/jwks.ts | bounded | response.body ?? [] -> response.body':
    'An answer without a body is a failure either way.',
  "src/auth/jwks.ts | bounded.headers.? | 'application/json' -> ''":
    'The library does not look at the type of what our own fetch gives it.',
  'src/auth/jwt.ts | defaultTrust.most | 10_000 -> 10001':
    'A cache of one token more does not change what is answered.',
  "src/auth/jwt.ts | openJwtVerifier.digest | 'base64' -> ''":
    'Without an encoding the digest is given in hexadecimal digits, which tell tokens apart as well.',
  'src/auth/jwt.ts | openJwtVerifier | ttl >= 1 -> true':
    'It is about tokens that expire within two milliseconds, which are refused when they are next seen.',
  'src/auth/jwt.ts | openJwtVerifier | ttl >= 1 -> ttl > 1':
    'It is about tokens that expire within two milliseconds, which are refused when they are next seen.',
  'src/auth/jwt.ts | openJwtVerifier | 1 -> 2':
    'It is about tokens that expire within two milliseconds, which are refused when they are next seen.',
  'src/auth/jwt.ts | principalOf.?.exp | 0 -> 1': 'A token without exp has been refused before.',
  "src/auth/jwt.ts | scopesOf.known | given.filter((one) => typeof one === 'string') -> given":
    'What is no text is no known scope either.',
  'src/auth/key-file.ts | groupWrite | 0o020 -> 17': 'A file that others may use has been refused before.',
  'src/auth/key-file.ts | linesOf | offset < bytes.length -> offset <= bytes.length':
    'What comes after the last byte is a blank line, which is left out.',
  'src/auth/key-file.ts | write | fsyncSync(descriptor) -> (nothing)':
    'Only a loss of power shows what the disk holds.',
  "src/auth/refused-fields.ts | refusedFields.key | ' ' -> ''":
    'No two sets of scopes give the same text without blanks either.',
  'src/documents/documents.ts | prepare.mistakes.hideSuggestions | true -> false':
    'A guess is taken out of the message afterwards too; not to make it saves time.',
  'src/documents/documents.ts | hasMoreLines | 1 -> 2': 'Lines beyond the bound are only compared with it.',
  'src/documents/documents.ts | coded.nodes | error.nodes ?? null -> error.nodes':
    'To GraphQLError null and undefined are the same.',
  'src/documents/documents.ts | coded.source | error.source ?? null -> error.source':
    'To GraphQLError null and undefined are the same.',
  'src/documents/documents.ts | coded.positions | error.positions ?? null -> error.positions':
    'To GraphQLError null and undefined are the same.',
  'src/documents/documents.ts | coded.nodes | error.nodes ?? null -> null':
    'The places that are told follow from the source and the positions.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSelection | fragment === undefined -> false':
    'A valid document has the fragment; the type of a look-up makes the case necessary.',
  'src/documents/introspection-cost.ts | introspectionCost.ofSelection | 0 -> 1':
    'A valid document has the fragment; the type of a look-up makes the case necessary.',
  'src/documents/cost.ts | priceOf.ofFragment | free -> undefined':
    'A valid document has the fragment; the type of a look-up makes the case necessary.',
  'src/documents/cost.ts | priceOf.ofIntrospection | 1 -> undefined':
    'A valid document asks for fields of __schema and __type.',
  'src/documents/cost.ts | priceOf.ofIntrospection | 1 -> 2':
    'A valid document asks for fields of __schema and __type.',
  'src/documents/introspection-cost.ts | introspectionCost.ofField.definition | isObjectType(type) -> true':
    'All types of introspection that have fields are object types.',
  'src/documents/introspection-cost.ts | introspectionCost.ofField | definition === undefined || selectionSet === undefined -> definition === undefined && selectionSet === undefined':
    'A field without a selection gives no objects, so it is counted once either way.',
  "src/documents/introspection-cost.ts | introspectionCost.resolved | typeof resolve === 'function' -> true":
    'All fields of introspection have a resolver; their type does not say so.',
  'src/documents/limits.ts | defaultLimits | 10 -> 11': 'It shows only on a machine with 22 processors or more.',
  'src/documents/shape.ts | nothing.depth | 0 -> 1':
    'A document with a fragment that refers to itself is refused in any case.',
  'src/documents/shape.ts | nothing.size | 0 -> 1':
    'A document with a fragment that refers to itself is refused in any case.',
  'src/documents/shape.ts | nothing.repeats | 0 -> 1':
    'A document with a fragment that refers to itself is refused in any case.',
  "src/documents/shape.ts | measure.all | 'selectionSet' in definition -> true":
    'A definition without fields has none to measure.',
  'src/concurrency/deadline.ts | withPatience.once | true -> false': 'A signal is given once at most.',
  'src/database/scans.ts | openScans.turn.perCaller | 1 -> 2': 'There is one turn in all.',
  'src/database/cancel.ts | cancelStatement | processID === null || secretKey === null -> processID === null && secretKey === null':
    'A server tells both in one message, or neither.',
  'src/database/cancel.ts | cancelStatement | Promise.resolve() -> undefined':
    'Whoever awaits it goes on at once either way.',
  'src/database/cancel.ts | cancelStatement.connection | isEncrypted -> true':
    'The connection encrypts only where it is told to, which is decided again below.',
  'src/database/client.ts |  | error instanceof Error -> true': 'The driver throws nothing but errors.',
}
