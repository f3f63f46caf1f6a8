-- A v1 database as SIPIS makes it, written by hand from the vendor's description: another order of columns than ours, its
-- own names of indexes and constraints, its rules, and a table that nobody has documented.
CREATE SEQUENCE selectors_id_seq;
CREATE TABLE selectors (
  selector character varying(64),
  lastseen timestamp with time zone DEFAULT now() NOT NULL,
  id integer DEFAULT nextval('selectors_id_seq') NOT NULL PRIMARY KEY,
  CONSTRAINT selector_unique UNIQUE (selector)
);
CREATE INDEX selectorsuffixindex ON selectors (substring(selector, 41));

CREATE SEQUENCE tokens_rowid_seq;
CREATE TABLE tokens (
  id integer NOT NULL REFERENCES selectors (id) ON DELETE CASCADE,
  token text NOT NULL,
  appid character varying(200) NOT NULL,
  rowid integer DEFAULT nextval('tokens_rowid_seq') NOT NULL PRIMARY KEY,
  lastseen timestamp with time zone,
  UNIQUE (id, token, appid)
);
CREATE RULE update_token AS ON INSERT TO tokens
  WHERE EXISTS (SELECT 1 FROM tokens t WHERE t.id = NEW.id AND t.token = NEW.token AND t.appid = NEW.appid)
  DO INSTEAD UPDATE tokens SET lastseen = now()
    WHERE tokens.id = NEW.id AND tokens.token = NEW.token AND tokens.appid = NEW.appid;

CREATE SEQUENCE sipcalls_rowid_seq;
CREATE TABLE sipcalls (
  id integer NOT NULL REFERENCES selectors (id) ON DELETE CASCADE,
  scheme character varying(6),
  userdisplayname character varying(255),
  username character varying(255),
  domain character varying(255),
  domainport integer,
  callid character varying(255),
  "time" timestamp with time zone NOT NULL,
  rowid integer DEFAULT nextval('sipcalls_rowid_seq') NOT NULL
);
CREATE INDEX sipcalls_id ON sipcalls (id);
CREATE INDEX sipcalls_time ON sipcalls ("time");

CREATE SEQUENCE sipmessages_rowid_seq;
CREATE TABLE siptextmessages (
  id integer NOT NULL REFERENCES selectors (id) ON DELETE CASCADE,
  scheme character varying(6),
  userdisplayname character varying(255),
  username character varying(255),
  domain character varying(255),
  domainport integer,
  msgid character varying(255),
  contenttype character varying(255),
  body text,
  "time" timestamp with time zone NOT NULL,
  headers text,
  rowid integer DEFAULT nextval('sipmessages_rowid_seq') NOT NULL
);
CREATE INDEX siptextmessages_id ON siptextmessages (id);
CREATE INDEX siptextmessages_time ON siptextmessages ("time");

CREATE TABLE pushtests (
  pushid character varying(64) NOT NULL,
  platform character varying(255) NOT NULL,
  started timestamp without time zone NOT NULL,
  concluded timestamp without time zone,
  id integer NOT NULL,
  CONSTRAINT pushtestsunq UNIQUE (id, pushid)
);

CREATE SEQUENCE data_rowid_seq;
CREATE TABLE data (
  id integer REFERENCES selectors (id) ON DELETE CASCADE,
  name character varying(64),
  value character varying(255),
  longvalue text,
  rowid bigint DEFAULT nextval('data_rowid_seq') NOT NULL PRIMARY KEY
);
CREATE INDEX data_id ON data (id);

CREATE SEQUENCE restart_rowid_seq;
CREATE TABLE restart (
  id integer NOT NULL REFERENCES selectors (id) ON DELETE CASCADE,
  name character varying(128) NOT NULL,
  value character varying(255),
  seq integer DEFAULT 0 NOT NULL,
  server character varying(100),
  longvalue text,
  rowid integer DEFAULT nextval('restart_rowid_seq') NOT NULL PRIMARY KEY,
  UNIQUE (id, name, seq)
);
CREATE RULE restart_replace_rule AS ON INSERT TO restart
  WHERE EXISTS (SELECT 1 FROM restart r WHERE r.id = NEW.id AND r.name = NEW.name AND r.seq = NEW.seq)
  DO INSTEAD UPDATE restart SET value = NEW.value
    WHERE restart.id = NEW.id AND restart.name = NEW.name AND restart.seq = NEW.seq;

CREATE TABLE remoteagents (
  id integer NOT NULL REFERENCES selectors (id) ON DELETE CASCADE,
  remoteagentname text NOT NULL,
  remoteagenttype text NOT NULL,
  lastseen timestamp with time zone NOT NULL,
  UNIQUE (id, remoteagentname, remoteagenttype)
);
