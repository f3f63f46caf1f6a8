/** Targets that `init` did not create, and what is found out about one before anything is written. */
import { describe, expect, it } from 'vitest'
import { diskProblems } from '../../../src/tools/copy/databases/disk.ts'
import { executeAccepting, rowCounts, runCopy } from '../../support/copying.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../../support/database.ts'
import { asRole } from '../../support/roles.ts'
import { addDataSet } from '../../support/rows.ts'

async function filledSource(): Promise<TestDatabase> {
  const source = untilTestEnds(await cloneDatabase('V1'))
  await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 10 })
  await source.sql(`INSERT INTO data (id, name, value) VALUES (1, 'n', 'v');
    INSERT INTO restart (id, name, server) VALUES (1, 'n', 'Sipis1'); INSERT INTO pushtests VALUES (99, 'gone', 'x', now())`)
  return source
}

const emptyTarget = async () => untilTestEnds(await cloneDatabase('V2'))

/** As the vendor's own tool may make it: nothing but the columns is published. */
const vendorTables = `
  CREATE TABLE selectors (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, selector varchar(64) NOT NULL, lastseen timestamptz NOT NULL DEFAULT now());
  CREATE UNIQUE INDEX selectors_by_name ON selectors (selector) INCLUDE (id);
  CREATE TABLE tokens (rowid bigserial, selector varchar(64) NOT NULL REFERENCES selectors (selector) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    token text NOT NULL, appid varchar(200) NOT NULL, lastseen timestamptz, PRIMARY KEY (selector, token, appid));
  CREATE TABLE sipcalls (rowid bigserial PRIMARY KEY, selector varchar(64) NOT NULL REFERENCES selectors (selector) ON DELETE CASCADE, scheme varchar(6) NOT NULL,
    userdisplayname varchar(255) NOT NULL, username varchar(255) NOT NULL, domain varchar(255) NOT NULL, domainport integer NOT NULL,
    callid varchar(255) NOT NULL, "time" timestamptz NOT NULL, missedreason varchar(64) NOT NULL, seen boolean NOT NULL DEFAULT false);
  CREATE INDEX ON sipcalls (selector, "time" DESC) WHERE NOT seen;
  CREATE INDEX ON sipcalls USING hash (callid);
  CREATE INDEX lower_name ON sipcalls (lower(username) COLLATE "C" text_pattern_ops) WITH (fillfactor = 70);
  CREATE INDEX commented ON sipcalls (domain); COMMENT ON INDEX commented IS 'stays';
  CREATE TABLE siptextmessages (rowid bigserial NOT NULL, selector varchar(64) NOT NULL REFERENCES selectors (selector), scheme varchar(6) NOT NULL,
    userdisplayname varchar(255) NOT NULL, username varchar(255) NOT NULL, domain varchar(255) NOT NULL, domainport integer NOT NULL,
    msgid varchar(255) NOT NULL, contenttype varchar(255) NOT NULL, headers text NOT NULL, body text NOT NULL, "time" timestamptz NOT NULL);
  CREATE TABLE pushtests (rowid bigserial PRIMARY KEY, selector varchar(64) NOT NULL, pushid varchar(64) NOT NULL, platform varchar(255) NOT NULL,
    started timestamp NOT NULL, concluded timestamp, UNIQUE (selector, pushid));
  CREATE TABLE data (rowid bigserial PRIMARY KEY, selector varchar(64) NOT NULL, name varchar(64) NOT NULL, value varchar(255), longvalue text,
    UNIQUE NULLS NOT DISTINCT (selector, name, value));
  CREATE TABLE restart (rowid bigserial PRIMARY KEY, selector varchar(64) NOT NULL, name varchar(64) NOT NULL, seq integer NOT NULL DEFAULT 0,
    value varchar(255), longvalue text, UNIQUE (selector, name, seq));
  CREATE TABLE badge (selector varchar(64) PRIMARY KEY REFERENCES selectors (selector), unread integer NOT NULL, changed bigint);
  CREATE TABLE tableversions (tablename text PRIMARY KEY, major integer NOT NULL, minor integer NOT NULL);
  INSERT INTO tableversions VALUES ('selectors', 4, 1), ('sipcalls', 4, 2);
  CREATE TABLE changes (n bigserial, t text);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.changes (t) VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
  CREATE TRIGGER noted AFTER INSERT ON sipcalls FOR EACH ROW EXECUTE FUNCTION note();`

describe("A target made by the vendor's own tool", () => {
  it('is filled whatever its keys, foreign keys, triggers and version tables, and keeps its indexes', async () => {
    const source = await filledSource()
    await source.sql(`INSERT INTO data (id, name, value) VALUES (2, 'n', NULL), (2, 'n', NULL), (3, 'n', 'v')`)
    const target = untilTestEnds(await emptyDatabase())
    await target.sql(vendorTables)
    const catalogue = () =>
      target.sql(
        `SELECT indexdef, obj_description(format('%I', indexname)::regclass) FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`,
      )
    const before = await catalogue()
    const rehearsed = await runCopy(source, target, {
      mode: 'rehearse',
      accepted: new Map([
        ['orphan', 1],
        ['duplicate-key', 1],
      ]),
    })
    expect(rehearsed).toMatchObject({ problems: [], committed: false })
    expect(await target.sql('SELECT count(*) FROM sipcalls')).toEqual([['0']])
    expect(await catalogue()).toEqual(before)
    const report = await executeAccepting(source, target, { freeze: true })
    expect(report).toMatchObject({ committed: true, problems: [] })
    expect(report.warnings).toEqual([expect.stringMatching(/sipcalls of the target has the trigger noted/)])
    expect(await catalogue()).toEqual(before)
    expect(await target.sql('SELECT count(*) FROM changes')).toEqual([[String((await rowCounts(source))['sipcalls'])]])
    expect(await target.sql('SELECT count(*) FROM tableversions')).toEqual([['2']])
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toEqual([])
    // The next selector gets the next id.
    expect(await target.sql(`INSERT INTO selectors (selector) VALUES ('next') RETURNING id`)).toEqual([['11']])
  })

  it('whose trigger changes rows is noticed before the commit, and by a rehearsal', async () => {
    const [source, target] = [await filledSource(), await emptyTarget()]
    await target.sql(`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.callid := NEW.callid || '!'; RETURN NEW; END $$;
      CREATE TRIGGER spoiling BEFORE INSERT ON sipcalls FOR EACH ROW WHEN (NEW.rowid = 7) EXECUTE FUNCTION spoil()`)
    const accepted = new Map([['orphan', 1]] as const)
    for (const mode of ['rehearse', 'execute'] as const) {
      const { problems, committed } = await runCopy(source, target, { mode, accepted })
      expect([committed, problems.join()]).toEqual([
        false,
        expect.stringMatching(/sipcalls differs.*Nothing was written/),
      ])
    }
  })

  it('whose constraint waits for the end of the transaction fails before the commit', async () => {
    const [source, target] = [await filledSource(), await emptyTarget()]
    await target.sql(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too late'; END $$;
      CREATE CONSTRAINT TRIGGER late AFTER INSERT ON data DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()`)
    await expect(
      runCopy(source, target, { mode: 'execute', accepted: new Map([['orphan', 1]]) }),
    ).rejects.toMatchObject({
      side: 'target',
      targetState: 'unchanged',
      phase: 'copying',
    })
  })

  it('has partitions, or is a view', async () => {
    const [source, target] = [await filledSource(), await emptyTarget()]
    await target.sql(`ALTER TABLE sipcalls RENAME TO old; CREATE TABLE sipcalls (LIKE old INCLUDING DEFAULTS) PARTITION BY RANGE (rowid);
      CREATE TABLE p1 PARTITION OF sipcalls FOR VALUES FROM (0) TO (50); CREATE INDEX ON sipcalls (time)`)
    const accepted = new Map([['orphan', 1]] as const)
    expect((await runCopy(source, target, { accepted })).warnings.join()).toMatch(
      /sipcalls of the target has partitions.*--rehearse/,
    )
    await expect(runCopy(source, target, { mode: 'rehearse', accepted })).rejects.toThrow(
      /no partition.*create a partition/,
    )
    await target.sql('CREATE TABLE p2 PARTITION OF sipcalls DEFAULT')
    expect(await runCopy(source, target, { mode: 'execute', accepted })).toMatchObject({ committed: true })
    const other = await emptyTarget()
    await other.sql('ALTER TABLE sipcalls RENAME TO old; CREATE VIEW sipcalls AS SELECT * FROM old')
    await expect(runCopy(source, other)).rejects.toThrow(/sipcalls of the target \(NEW\), .* is a view/)
  })
})

describe('A dry run finds out that the target', () => {
  const accepted = new Map([['orphan', 1]] as const)

  it('gives the role too few privileges on tables and sequences', async () => {
    const [source, target] = [await filledSource(), await emptyTarget()]
    const role = await asRole(target)
    await target.sql(
      `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}; GRANT INSERT, UPDATE ON tokens TO ${role.name}`,
    )
    const { problems } = await runCopy(source, role, { accepted })
    expect(problems.join('\n')).toMatch(
      /may not fill selectors of the target \(NEW\).*GRANT INSERT, UPDATE ON "public"\."selectors"/,
    )
    expect(problems.join('\n')).toMatch(/GRANT SELECT, UPDATE ON SEQUENCE public\.tokens_rowid_seq/)
    expect(problems.filter((problem) => problem.includes('ON "public"."tokens"'))).toEqual([])
    // What the problems say is enough, for a role that does not own the tables.
    for (const problem of problems) await target.sql(problem.slice(problem.indexOf('GRANT')))
    expect(await runCopy(source, role, { accepted, mode: 'execute' })).toMatchObject({ problems: [], committed: true })
  })

  it.each([
    [
      'needs a value',
      'ALTER TABLE sipcalls ADD COLUMN more int NOT NULL',
      /Column more of sipcalls .* give it a default/,
    ],
    [
      'needs one by its domain',
      'CREATE DOMAIN d AS int NOT NULL; ALTER TABLE data ADD COLUMN more d',
      /Column more of data/,
    ],
    [
      'has a shorter type',
      'ALTER TABLE sipcalls ALTER COLUMN time TYPE timestamptz(3)',
      /type timestamp\(3\).*changes values/,
    ],
    [
      'has another type',
      'ALTER TABLE tokens ALTER COLUMN appid TYPE char(200)',
      /Column appid of tokens .* correct the type/,
    ],
    [
      'computes a column',
      `ALTER TABLE data DROP COLUMN longvalue; ALTER TABLE data ADD COLUMN longvalue text GENERATED ALWAYS AS ('x') STORED`,
      /longvalue .* is generated/,
    ],
  ])('%s', async (_, change, problem) => {
    const [source, target] = [await filledSource(), await emptyTarget()]
    await target.sql(change)
    expect((await runCopy(source, target, { accepted })).problems).toEqual([expect.stringMatching(problem)])
    const { problems, committed } = await runCopy(source, target, { accepted, mode: 'execute' })
    expect([committed, problems.at(-1)]).toEqual([false, expect.stringMatching(/Nothing was written/)])
  })

  it.each([
    ['a check', 'ALTER TABLE sipcalls ADD CHECK (domainport > 0)', /constraint .*CHECK/],
    ['another foreign key', 'ALTER TABLE tokens ADD FOREIGN KEY (selector) REFERENCES badge', /FOREIGN KEY/],
    ['a unique index with a condition', 'CREATE UNIQUE INDEX u ON data (name) WHERE rowid > 5', /index u with/],
    [
      'a unique key over columns of its own',
      'ALTER TABLE data ADD COLUMN more int, ADD UNIQUE (more, name)',
      /unique key over more, name/,
    ],
    ['no log', 'ALTER TABLE data SET UNLOGGED', /no protection from a crash/],
  ])('has %s, which only a rehearsal proves', async (_, change, warning) => {
    const [source, target] = [await filledSource(), await emptyTarget()]
    await target.sql(change)
    const { problems, warnings } = await runCopy(source, target, { accepted })
    expect([problems, warnings]).toEqual([[], [expect.stringMatching(warning)]])
  })

  it('has too little room, as far as that can be known', async () => {
    const [source, target] = [await filledSource(), await emptyTarget()]
    const { disk, expectedSeconds } = await runCopy(source, target, { accepted })
    expect(disk).toEqual({ neededBytes: expect.any(Number), freeBytes: expect.any(Number) })
    expect(disk?.neededBytes).toBeGreaterThan(100_000)
    expect(expectedSeconds).toBeGreaterThan(0)
    expect(diskProblems({ neededBytes: 3_000_000, freeBytes: 1_048_576 }, 't')).toEqual([
      'The disk of t has 1 MiB free, and the copy needs about 3 MiB: free some space.',
    ])
    expect(diskProblems({ neededBytes: 3_000_000, freeBytes: null }, 't')).toEqual([])
  })
})
