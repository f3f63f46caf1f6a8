/** What administrators and SIPIS itself may have done to the tables around the rows. */
import fc from 'fast-check'
import type { TestDatabase } from './database.ts'

/** A change of the source; one that is refused says so in the message of the copy. */
interface Shape {
  readonly sql: string
  readonly refused?: RegExp
  readonly warning?: RegExp
}

const rebuiltAs = (how: string) => `ALTER TABLE sipcalls RENAME TO kept; ${how}`

const ofSource: Readonly<Record<string, Shape>> = {
  'sequences ahead': {
    sql: `SELECT setval('sipcalls_rowid_seq', 1000), setval('sipmessages_rowid_seq', 77, false), setval('data_rowid_seq', 5000000000), setval('restart_rowid_seq', 90)`,
  },
  'extra columns': {
    sql: `ALTER TABLE selectors ADD COLUMN "a ""note""; --" text DEFAULT 'x'; ALTER TABLE restart ADD COLUMN more int`,
    warning: /selectors has a column a "note"; --.*restart has a column more/s,
  },
  policies: {
    sql: 'ALTER TABLE sipcalls ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON sipcalls USING (rowid % 2 = 0)',
  },
  'a view': { sql: rebuiltAs('CREATE VIEW sipcalls AS SELECT * FROM kept'), refused: /sipcalls of .* is a view/ },
  partitions: {
    sql: rebuiltAs(`CREATE TABLE sipcalls (LIKE kept INCLUDING DEFAULTS) PARTITION BY HASH (rowid);
      CREATE TABLE p0 PARTITION OF sipcalls FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE p1 PARTITION OF sipcalls FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      INSERT INTO sipcalls SELECT * FROM kept; DELETE FROM kept`),
  },
  'a child': {
    sql: 'CREATE TABLE older () INHERITS (sipcalls); INSERT INTO older SELECT * FROM ONLY sipcalls LIMIT 2',
  },
}

const ofTarget: Readonly<Record<string, Shape>> = {
  'more keys': {
    sql: `ALTER TABLE sipcalls ADD UNIQUE (selector, callid); ALTER TABLE data ADD UNIQUE NULLS NOT DISTINCT (selector, value);
      ALTER TABLE siptextmessages ADD UNIQUE (username, domain, rowid); ALTER TABLE tokens ADD UNIQUE (selector, lastseen)`,
  },
  'fewer keys': {
    sql: `ALTER TABLE sipcalls DROP CONSTRAINT sipcalls_pkey; ALTER TABLE tokens DROP CONSTRAINT tokens_selector_token_appid_key;
      ALTER TABLE restart DROP CONSTRAINT restart_selector_name_seq_key`,
  },
  'foreign keys': {
    sql: ['tokens', 'sipcalls', 'siptextmessages', 'pushtests', 'data', 'restart']
      .map(
        (table) =>
          `ALTER TABLE ${table} ADD FOREIGN KEY (selector) REFERENCES selectors (selector) DEFERRABLE INITIALLY DEFERRED`,
      )
      .join(';'),
  },
  triggers: {
    sql: `CREATE TABLE changes (t text); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.changes VALUES (TG_TABLE_NAME); RETURN NEW; END $$;
      CREATE TRIGGER noted BEFORE INSERT ON data FOR EACH ROW EXECUTE FUNCTION note()`,
    warning: /data of the target has the trigger noted/,
  },
  identity: {
    sql: 'ALTER TABLE sipcalls ALTER COLUMN rowid DROP DEFAULT; ALTER TABLE sipcalls ALTER COLUMN rowid ADD GENERATED ALWAYS AS IDENTITY',
  },
  'a view': { sql: rebuiltAs('CREATE VIEW sipcalls AS SELECT * FROM kept'), refused: /sipcalls of .* is a view/ },
  partitions: {
    sql: rebuiltAs(`CREATE TABLE sipcalls (LIKE kept INCLUDING DEFAULTS) PARTITION BY RANGE (rowid);
      CREATE TABLE p0 PARTITION OF sipcalls FOR VALUES FROM (0) TO (5); CREATE TABLE p1 PARTITION OF sipcalls DEFAULT; CREATE INDEX ON sipcalls (time)`),
    warning: /sipcalls of the target has partitions/,
  },
}

const some = (shapes: Readonly<Record<string, Shape>>) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<string[]>([]) },
    { weight: 5, arbitrary: fc.subarray(Object.keys(shapes), { maxLength: 2 }) },
  )

export const dirtyShapes = fc.record({ source: some(ofSource), target: some(ofTarget) })

export type Shapes = typeof dirtyShapes extends fc.Arbitrary<infer T> ? T : never

/** Changes both databases. Returns what the copy has to say about them; a change that excludes an earlier one is left out. */
export async function reshape(source: TestDatabase, target: TestDatabase, shapes: Shapes) {
  const done = [
    ...(await applied(source, shapes.source, ofSource)),
    ...(await applied(target, shapes.target, ofTarget)),
  ]
  return {
    refusal: done.find(({ refused }) => refused !== undefined)?.refused,
    warnings: done.flatMap(({ warning }) => (warning === undefined ? [] : [warning])),
  }
}

async function applied({ sql }: TestDatabase, names: readonly string[], shapes: Readonly<Record<string, Shape>>) {
  const done: Shape[] = []
  for (const name of names) {
    const shape = shapes[name]
    if (shape === undefined) continue
    const isDone = await sql(`BEGIN; ${shape.sql}; COMMIT`).then(
      () => true,
      async () => {
        await sql('ROLLBACK')
        return false
      },
    )
    if (isDone) done.push(shape)
  }
  return done
}
