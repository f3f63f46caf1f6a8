/** Mutants that survive because they change nothing that a caller could notice, each with the reason. They still count. */
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
}
