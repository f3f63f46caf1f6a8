CREATE SEQUENCE "sipmessages_rowid_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "data" (
	"rowid" bigserial PRIMARY KEY NOT NULL,
	"id" integer,
	"name" varchar(64),
	"value" varchar(255),
	"longvalue" text
);
--> statement-breakpoint
CREATE TABLE "pushtests" (
	"id" integer NOT NULL,
	"pushid" varchar(64) NOT NULL,
	"platform" varchar(255) NOT NULL,
	"started" timestamp NOT NULL,
	"concluded" timestamp,
	CONSTRAINT "pushtestsunq" UNIQUE("id","pushid")
);
--> statement-breakpoint
CREATE TABLE "remoteagents" (
	"id" integer NOT NULL,
	"remoteagentname" text NOT NULL,
	"remoteagenttype" text NOT NULL,
	"lastseen" timestamp with time zone NOT NULL,
	CONSTRAINT "remoteagents_unq" UNIQUE("id","remoteagentname","remoteagenttype")
);
--> statement-breakpoint
CREATE TABLE "restart" (
	"rowid" serial PRIMARY KEY NOT NULL,
	"id" integer NOT NULL,
	"name" varchar(128) NOT NULL,
	"value" varchar(255),
	"seq" integer DEFAULT 0 NOT NULL,
	"server" varchar(100),
	"longvalue" text,
	CONSTRAINT "restart_unq" UNIQUE("id","name","seq")
);
--> statement-breakpoint
CREATE TABLE "selectors" (
	"id" serial PRIMARY KEY NOT NULL,
	"selector" varchar(64),
	"lastseen" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "selectors_selector_key" UNIQUE("selector")
);
--> statement-breakpoint
CREATE TABLE "sipcalls" (
	"rowid" serial NOT NULL,
	"id" integer NOT NULL,
	"scheme" varchar(6),
	"userdisplayname" varchar(255),
	"username" varchar(255),
	"domain" varchar(255),
	"domainport" integer,
	"callid" varchar(255),
	"time" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "siptextmessages" (
	"rowid" integer DEFAULT pg_catalog.nextval('sipmessages_rowid_seq') NOT NULL,
	"id" integer NOT NULL,
	"scheme" varchar(6),
	"userdisplayname" varchar(255),
	"username" varchar(255),
	"domain" varchar(255),
	"domainport" integer,
	"msgid" varchar(255),
	"contenttype" varchar(255),
	"body" text,
	"time" timestamp with time zone NOT NULL,
	"headers" text
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"rowid" serial PRIMARY KEY NOT NULL,
	"id" integer NOT NULL,
	"token" text NOT NULL,
	"appid" varchar(200) NOT NULL,
	"lastseen" timestamp with time zone,
	CONSTRAINT "tokens_unq" UNIQUE("id","token","appid")
);
--> statement-breakpoint
ALTER TABLE "data" ADD CONSTRAINT "data_id_selectors_id_fk" FOREIGN KEY ("id") REFERENCES "selectors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "remoteagents" ADD CONSTRAINT "remoteagents_id_selectors_id_fk" FOREIGN KEY ("id") REFERENCES "selectors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "restart" ADD CONSTRAINT "restart_id_selectors_id_fk" FOREIGN KEY ("id") REFERENCES "selectors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sipcalls" ADD CONSTRAINT "sipcalls_id_selectors_id_fk" FOREIGN KEY ("id") REFERENCES "selectors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "siptextmessages" ADD CONSTRAINT "siptextmessages_id_selectors_id_fk" FOREIGN KEY ("id") REFERENCES "selectors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_id_selectors_id_fk" FOREIGN KEY ("id") REFERENCES "selectors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "data_id_idx" ON "data" USING btree ("id");--> statement-breakpoint
CREATE INDEX "restart_id_idx" ON "restart" USING btree ("id");--> statement-breakpoint
CREATE INDEX "restart_id_server_idx" ON "restart" USING btree ("id","server");--> statement-breakpoint
CREATE INDEX "restart_server_idx" ON "restart" USING btree ("server");--> statement-breakpoint
CREATE INDEX "selectorsuffixindex" ON "selectors" USING btree (pg_catalog.substring("selector", 41));--> statement-breakpoint
CREATE INDEX "sipcalls_id_idx" ON "sipcalls" USING btree ("id");--> statement-breakpoint
CREATE INDEX "sipcalls_time_idx" ON "sipcalls" USING btree ("time");--> statement-breakpoint
CREATE INDEX "siptextmessages_id_idx" ON "siptextmessages" USING btree ("id");--> statement-breakpoint
CREATE INDEX "siptextmessages_time_idx" ON "siptextmessages" USING btree ("time");