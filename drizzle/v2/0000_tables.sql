CREATE TABLE "badge" (
	"selector" varchar(64) PRIMARY KEY NOT NULL,
	"badge" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "data" (
	"rowid" bigserial PRIMARY KEY NOT NULL,
	"selector" varchar(64) NOT NULL,
	"name" varchar(64) NOT NULL,
	"value" varchar(255),
	"longvalue" text
);
--> statement-breakpoint
CREATE TABLE "pushtests" (
	"rowid" bigserial PRIMARY KEY NOT NULL,
	"selector" varchar(64) NOT NULL,
	"pushid" varchar(64) NOT NULL,
	"platform" varchar(255) NOT NULL,
	"started" timestamp NOT NULL,
	"concluded" timestamp
);
--> statement-breakpoint
CREATE TABLE "restart" (
	"rowid" bigserial PRIMARY KEY NOT NULL,
	"selector" varchar(64) NOT NULL,
	"name" varchar(64) NOT NULL,
	"seq" integer DEFAULT 0 NOT NULL,
	"value" varchar(255),
	"longvalue" text,
	CONSTRAINT "restart_selector_name_seq_key" UNIQUE("selector","name","seq")
);
--> statement-breakpoint
CREATE TABLE "selectors" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"selector" varchar(64) NOT NULL,
	"lastseen" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "selectors_selector_key" UNIQUE("selector")
);
--> statement-breakpoint
CREATE TABLE "sipcalls" (
	"rowid" bigserial PRIMARY KEY NOT NULL,
	"selector" varchar(64) NOT NULL,
	"scheme" varchar(6) NOT NULL,
	"userdisplayname" varchar(255) NOT NULL,
	"username" varchar(255) NOT NULL,
	"domain" varchar(255) NOT NULL,
	"domainport" integer NOT NULL,
	"callid" varchar(255) NOT NULL,
	"time" timestamp with time zone NOT NULL,
	"missedreason" varchar(64) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "siptextmessages" (
	"rowid" bigserial PRIMARY KEY NOT NULL,
	"selector" varchar(64) NOT NULL,
	"scheme" varchar(6) NOT NULL,
	"userdisplayname" varchar(255) NOT NULL,
	"username" varchar(255) NOT NULL,
	"domain" varchar(255) NOT NULL,
	"domainport" integer NOT NULL,
	"msgid" varchar(255) NOT NULL,
	"contenttype" varchar(255) NOT NULL,
	"headers" text NOT NULL,
	"body" text NOT NULL,
	"time" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tableversions" (
	"name" varchar(64) PRIMARY KEY NOT NULL,
	"version" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"rowid" bigserial PRIMARY KEY NOT NULL,
	"selector" varchar(64) NOT NULL,
	"token" text NOT NULL,
	"appid" varchar(200) NOT NULL,
	"lastseen" timestamp with time zone,
	CONSTRAINT "tokens_selector_token_appid_key" UNIQUE("selector","token","appid")
);
--> statement-breakpoint
CREATE INDEX "data_selector_name_idx" ON "data" USING btree ("selector","name");--> statement-breakpoint
CREATE INDEX "pushtests_selector_started_rowid_idx" ON "pushtests" USING btree ("selector","started","rowid");--> statement-breakpoint
CREATE INDEX "pushtests_selector_pushid_idx" ON "pushtests" USING btree ("selector","pushid");--> statement-breakpoint
CREATE INDEX "pushtests_started_rowid_idx" ON "pushtests" USING btree ("started","rowid");--> statement-breakpoint
CREATE INDEX "selectors_selector_prefix_idx" ON "selectors" USING btree ("selector" varchar_pattern_ops);--> statement-breakpoint
CREATE INDEX "selectorsuffixindex" ON "selectors" USING btree (pg_catalog.substring("selector", 41));--> statement-breakpoint
CREATE INDEX "selectors_lastseen_id_idx" ON "selectors" USING btree ("lastseen","id");--> statement-breakpoint
CREATE INDEX "sipcalls_selector_time_rowid_idx" ON "sipcalls" USING btree ("selector","time","rowid");--> statement-breakpoint
CREATE INDEX "sipcalls_time_rowid_idx" ON "sipcalls" USING btree ("time","rowid");--> statement-breakpoint
CREATE INDEX "siptextmessages_selector_time_rowid_idx" ON "siptextmessages" USING btree ("selector","time","rowid");--> statement-breakpoint
CREATE INDEX "siptextmessages_time_rowid_idx" ON "siptextmessages" USING btree ("time","rowid");--> statement-breakpoint
CREATE INDEX "tokens_selector_rowid_idx" ON "tokens" USING btree ("selector","rowid");--> statement-breakpoint
CREATE INDEX "tokens_appid_idx" ON "tokens" USING btree ("appid");