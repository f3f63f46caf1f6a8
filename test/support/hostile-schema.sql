-- A shadowing object in schema public for each function, operator and type of PostgreSQL, with the same argument
-- types. Functions and operators of text also have one for varchar, which matches a varchar column better.
-- Each of them fails the calling statement.
CREATE FUNCTION public.hostile(name pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'shadowed: %', name; END $$;

DO $make$
DECLARE
  shadow record;
  made integer := 0;
BEGIN
  FOR shadow IN
    SELECT DISTINCT p.proname, a.arguments, p.prorettype::regtype::text AS result, p.proretset
    FROM pg_catalog.pg_proc p
    CROSS JOIN LATERAL (VALUES
      (ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS u(t, n) ORDER BY n)),
      (ARRAY(SELECT CASE t WHEN 'text'::regtype THEN 'varchar' ELSE format_type(t, NULL) END
        FROM unnest(p.proargtypes) WITH ORDINALITY AS u(t, n) ORDER BY n))
    ) AS a(arguments)
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
  LOOP
    BEGIN
      EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s %s LANGUAGE plpgsql AS %L', shadow.proname,
        array_to_string(shadow.arguments, ', '), CASE WHEN shadow.proretset THEN 'SETOF' END, shadow.result,
        format('BEGIN RAISE EXCEPTION ''shadowed: %s''; END', shadow.proname));
      made := made + 1;
    EXCEPTION WHEN OTHERS THEN
      -- Pseudo-types cannot be arguments of such a function.
    END;
  END LOOP;
  IF made < 1000 THEN RAISE EXCEPTION 'only % functions have a shadow', made; END IF;

  made := 0;
  FOR shadow IN
    SELECT DISTINCT o.oprname, o.oprresult::regtype::text AS result, a.left_type, a.right_type, o.oid
    FROM pg_catalog.pg_operator o
    CROSS JOIN LATERAL (VALUES
      (format_type(oprleft, NULL), format_type(oprright, NULL)),
      (CASE oprleft WHEN 'text'::regtype THEN 'varchar' ELSE format_type(oprleft, NULL) END,
        CASE oprright WHEN 'text'::regtype THEN 'varchar' ELSE format_type(oprright, NULL) END),
      (CASE oprleft WHEN 'text'::regtype THEN 'varchar' ELSE format_type(oprleft, NULL) END, format_type(oprright, NULL))
    ) AS a(left_type, right_type)
    WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
  LOOP
    BEGIN
      EXECUTE format('CREATE FUNCTION public.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', 'hostile_' || made,
        shadow.left_type, shadow.right_type, shadow.result,
        format('BEGIN RAISE EXCEPTION ''shadowed: operator %s''; END', shadow.oprname));
      EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)', shadow.oprname,
        shadow.left_type, shadow.right_type, 'hostile_' || made);
      made := made + 1;
    EXCEPTION WHEN OTHERS THEN
    END;
  END LOOP;
  IF made < 500 THEN RAISE EXCEPTION 'only % operators have a shadow', made; END IF;
END $make$;

CREATE FUNCTION public.hostile_step(pg_catalog.int8) RETURNS pg_catalog.int8 LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'shadowed: count'; END $$;
CREATE AGGREGATE public.count(*) (SFUNC = hostile_step, STYPE = pg_catalog.int8, INITCOND = '0');
CREATE FUNCTION public.hostile_step(pg_catalog.int8, pg_catalog.int8) RETURNS pg_catalog.int8 LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'shadowed: sum or max'; END $$;
CREATE AGGREGATE public.sum(pg_catalog.int8) (SFUNC = hostile_step, STYPE = pg_catalog.int8, INITCOND = '0');
CREATE AGGREGATE public.max(pg_catalog.int8) (SFUNC = hostile_step, STYPE = pg_catalog.int8, INITCOND = '0');

CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.hostile('text'::pg_catalog.text));
CREATE DOMAIN public.name AS pg_catalog.name CHECK (public.hostile('name'::pg_catalog.text));
CREATE DOMAIN public.timestamptz AS pg_catalog.timestamptz CHECK (public.hostile('timestamptz'::pg_catalog.text));
CREATE DOMAIN public.int8 AS pg_catalog.int8 CHECK (public.hostile('int8'::pg_catalog.text));
CREATE DOMAIN public.regclass AS pg_catalog.regclass CHECK (public.hostile('regclass'::pg_catalog.text));
