-- The insert rules of SIPIS 3: an insert whose key exists becomes an update. They are kept as they are, flaws included:
-- PostgreSQL runs the rule after the insert, so update_token stamps even a first insert, and restart_replace_rule carries
-- over only "value".
CREATE RULE "update_token" AS ON INSERT TO "tokens"
  WHERE EXISTS (SELECT 1 FROM "tokens" t WHERE t."id" = NEW."id" AND t."token" = NEW."token" AND t."appid" OPERATOR(pg_catalog.=) NEW."appid")
  DO INSTEAD UPDATE "tokens" SET "lastseen" = now()
    WHERE "tokens"."id" = NEW."id" AND "tokens"."token" = NEW."token" AND "tokens"."appid" OPERATOR(pg_catalog.=) NEW."appid";
--> statement-breakpoint
CREATE RULE "restart_replace_rule" AS ON INSERT TO "restart"
  WHERE EXISTS (SELECT 1 FROM "restart" r WHERE r."id" = NEW."id" AND r."name" OPERATOR(pg_catalog.=) NEW."name" AND r."seq" = NEW."seq")
  DO INSTEAD UPDATE "restart" SET "value" = NEW."value"
    WHERE "restart"."id" = NEW."id" AND "restart"."name" OPERATOR(pg_catalog.=) NEW."name" AND "restart"."seq" = NEW."seq";
--> statement-breakpoint
CREATE RULE "updateremoteagents" AS ON INSERT TO "remoteagents"
  WHERE EXISTS (
    SELECT 1 FROM "remoteagents" a
    WHERE a."id" = NEW."id" AND a."remoteagentname" = NEW."remoteagentname" AND a."remoteagenttype" = NEW."remoteagenttype"
  )
  DO INSTEAD UPDATE "remoteagents" SET "lastseen" = now()
    WHERE "remoteagents"."id" = NEW."id"
      AND "remoteagents"."remoteagentname" = NEW."remoteagentname"
      AND "remoteagents"."remoteagenttype" = NEW."remoteagenttype";
--> statement-breakpoint
-- As a serial column has it: the sequence goes with the table.
ALTER SEQUENCE "sipmessages_rowid_seq" OWNED BY "siptextmessages"."rowid";
