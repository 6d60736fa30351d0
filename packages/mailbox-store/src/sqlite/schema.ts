// The tables, as a list of migrations: each entry takes a database one version further, inside one transaction. Published
// entries never change; a change of shape is a new entry. `user_version` holds the version, and a database from a newer
// program, or from before the first published one, is refused rather than guessed at.

import { refuse } from '../refusals.js'
import type { Connection } from './connection.js'

/** `PRAGMA application_id`: "Post" — so that a stray SQLite file is not taken for ours. */
const applicationId = 0x506f7374

const first = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE tenant (
  id INTEGER PRIMARY KEY AUTOINCREMENT, public_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL);
CREATE TABLE environment (
  id INTEGER PRIMARY KEY AUTOINCREMENT, public_id TEXT NOT NULL UNIQUE,
  tenant INTEGER NOT NULL REFERENCES tenant, name TEXT NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE (tenant, name));
CREATE TABLE domain (
  id INTEGER PRIMARY KEY AUTOINCREMENT, public_id TEXT NOT NULL UNIQUE,
  environment INTEGER NOT NULL REFERENCES environment, name TEXT NOT NULL UNIQUE,
  space INTEGER NOT NULL REFERENCES uid_space, mode TEXT NOT NULL, catch_all INTEGER NOT NULL,
  verification_token TEXT NOT NULL, verified_at INTEGER, verified_by TEXT, settings TEXT NOT NULL,
  created_at INTEGER NOT NULL);
CREATE INDEX domain_by_environment ON domain (environment, id);
CREATE TABLE inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, public_id TEXT NOT NULL UNIQUE,
  environment INTEGER NOT NULL REFERENCES environment,
  domain INTEGER NOT NULL REFERENCES domain, address TEXT NOT NULL UNIQUE, name TEXT,
  quota_bytes INTEGER, quota_messages INTEGER, used_bytes INTEGER NOT NULL DEFAULT 0,
  used_messages INTEGER NOT NULL DEFAULT 0, keyword_sets INTEGER NOT NULL DEFAULT 0,
  plus_addressing INTEGER NOT NULL, disabled INTEGER NOT NULL DEFAULT 0, legal_hold INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL);
CREATE INDEX inbox_by_domain ON inbox (domain, id);
CREATE INDEX inbox_by_environment ON inbox (environment, id);
CREATE TABLE inbox_alias (
  address TEXT PRIMARY KEY, inbox INTEGER NOT NULL REFERENCES inbox ON DELETE CASCADE,
  domain INTEGER NOT NULL REFERENCES domain ON DELETE CASCADE,
  may_send INTEGER NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX alias_by_inbox ON inbox_alias (inbox);
CREATE INDEX alias_by_domain ON inbox_alias (domain);
CREATE TABLE domain_alias (
  name TEXT PRIMARY KEY, domain INTEGER NOT NULL REFERENCES domain ON DELETE CASCADE,
  created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX domain_alias_by_domain ON domain_alias (domain);
CREATE TABLE credential (
  id INTEGER PRIMARY KEY AUTOINCREMENT, public_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  environment INTEGER NOT NULL REFERENCES environment, inbox INTEGER REFERENCES inbox ON DELETE CASCADE,
  label TEXT NOT NULL, scopes TEXT NOT NULL, grants TEXT NOT NULL, networks TEXT NOT NULL,
  any_username INTEGER NOT NULL, quiet_read_only INTEGER NOT NULL, disabled INTEGER NOT NULL,
  expires_at INTEGER, revoked_at INTEGER, created_at INTEGER NOT NULL,
  last_used_at INTEGER, last_used_protocol TEXT, last_used_network TEXT, last_used_client TEXT);
CREATE INDEX credential_by_environment ON credential (environment, id);
CREATE INDEX credential_by_inbox ON credential (inbox) WHERE inbox IS NOT NULL;
CREATE TABLE credential_secret (
  public_part TEXT PRIMARY KEY, credential INTEGER NOT NULL REFERENCES credential ON DELETE CASCADE,
  hash BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER) WITHOUT ROWID;
CREATE INDEX secret_by_credential ON credential_secret (credential);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, tenant INTEGER, actor TEXT NOT NULL,
  action TEXT NOT NULL, object TEXT NOT NULL, network TEXT, correlation TEXT, detail TEXT);
CREATE INDEX audit_by_tenant ON audit (tenant, id);

CREATE TABLE uid_space (
  id INTEGER PRIMARY KEY AUTOINCREMENT, uid_validity INTEGER NOT NULL, uid_next INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL, tombstones_from INTEGER NOT NULL DEFAULT 0);
CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES inbox ON DELETE CASCADE,
  name TEXT NOT NULL, special_use TEXT,
  space INTEGER NOT NULL REFERENCES uid_space, shared INTEGER NOT NULL,
  uid_next INTEGER NOT NULL, mod_seq INTEGER NOT NULL, tombstones_from INTEGER NOT NULL,
  messages INTEGER NOT NULL, unseen INTEGER NOT NULL, deleted INTEGER NOT NULL, bytes INTEGER NOT NULL,
  UNIQUE (account, name));
CREATE INDEX mailbox_by_space ON mailbox (space, mod_seq) WHERE shared = 1;
CREATE INDEX mailbox_by_home ON mailbox (space);
CREATE TABLE subscription (
  account INTEGER NOT NULL REFERENCES inbox ON DELETE CASCADE, name TEXT NOT NULL,
  PRIMARY KEY (account, name)) WITHOUT ROWID;
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL REFERENCES mailbox, first_uid INTEGER NOT NULL,
  last_uid INTEGER NOT NULL, mod_seq INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX chunk_by_uid ON chunk (mailbox, first_uid);
CREATE INDEX chunk_by_mod_seq ON chunk (mailbox, mod_seq);
CREATE TABLE tombstone (
  mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE, mod_seq INTEGER NOT NULL, uids TEXT NOT NULL,
  PRIMARY KEY (mailbox, mod_seq)) WITHOUT ROWID;
CREATE TABLE keyword_set (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, keywords TEXT NOT NULL, UNIQUE (account, keywords));

CREATE TABLE message (
  id INTEGER PRIMARY KEY, size INTEGER NOT NULL, internal_date INTEGER NOT NULL,
  body_start INTEGER NOT NULL, listing BLOB NOT NULL, parts BLOB NOT NULL, preview TEXT, thread TEXT NOT NULL,
  sort TEXT NOT NULL, refs BLOB NOT NULL, hash BLOB NOT NULL, accounts BLOB NOT NULL, file INTEGER NOT NULL,
  fields BLOB NOT NULL, header BLOB NOT NULL, body BLOB NOT NULL);
CREATE INDEX message_by_file ON message (hash) WHERE file = 1;
CREATE TABLE message_copies (message INTEGER PRIMARY KEY, copies INTEGER NOT NULL);
CREATE TABLE garbage (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, messages BLOB NOT NULL);

CREATE TABLE submission (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue_id TEXT NOT NULL UNIQUE, account INTEGER, credential INTEGER,
  environment INTEGER, sender TEXT NOT NULL, message INTEGER, ret TEXT, envelope_id TEXT, require_tls INTEGER NOT NULL,
  body TEXT NOT NULL, resend_key BLOB, created_at INTEGER NOT NULL, cancelled_at INTEGER,
  closed_at INTEGER);
CREATE INDEX submission_by_resend ON submission (resend_key, created_at) WHERE resend_key IS NOT NULL;
CREATE INDEX submission_by_account ON submission (account, id);
CREATE INDEX submission_by_environment ON submission (environment, id);
CREATE INDEX submission_open ON submission (id) WHERE closed_at IS NULL;
CREATE INDEX submission_closed ON submission (closed_at) WHERE closed_at IS NOT NULL;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, submission INTEGER NOT NULL REFERENCES submission ON DELETE CASCADE,
  recipient TEXT NOT NULL, domain TEXT NOT NULL, notify TEXT, original_recipient TEXT,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, next_try_at INTEGER NOT NULL, lease_until INTEGER,
  lease_owner TEXT, last_code TEXT, last_text TEXT, last_remote TEXT, delay_told INTEGER NOT NULL, done_at INTEGER);
CREATE INDEX outbox_by_submission ON outbox (submission);
CREATE INDEX outbox_due ON outbox (next_try_at, id, domain) WHERE state = 'waiting';
CREATE INDEX outbox_by_domain ON outbox (domain, next_try_at, id) WHERE state = 'waiting';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'leased';
`

const directoryWatchedAndRecentKept = `
INSERT INTO meta VALUES ('directory_version', 1);
ALTER TABLE credential ADD COLUMN inbox_password INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX credential_inbox_password ON credential (inbox) WHERE inbox_password = 1 AND revoked_at IS NULL;
CREATE INDEX audit_by_object ON audit (object, id);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_refused ON audit (id) WHERE action = 'login.refused';
ALTER TABLE mailbox ADD COLUMN recent_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN recent INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox SET recent_after = uid_next - 1;
`

const sendingKept = `
ALTER TABLE tenant ADD COLUMN sending TEXT NOT NULL DEFAULT '{}';
ALTER TABLE inbox ADD COLUMN sending TEXT NOT NULL DEFAULT '{}';
ALTER TABLE inbox ADD COLUMN route TEXT;
ALTER TABLE credential ADD COLUMN sending TEXT NOT NULL DEFAULT '{}';
ALTER TABLE domain ADD COLUMN route TEXT;
CREATE TABLE dkim_key (
  id INTEGER PRIMARY KEY AUTOINCREMENT, domain INTEGER NOT NULL REFERENCES domain ON DELETE CASCADE,
  selector TEXT NOT NULL, algorithm TEXT NOT NULL, private_key TEXT NOT NULL, public_key TEXT NOT NULL,
  created_at INTEGER NOT NULL, retired_at INTEGER, UNIQUE (domain, selector));
CREATE TABLE sending_count (
  kind TEXT NOT NULL, holder INTEGER NOT NULL, until INTEGER NOT NULL, recipients INTEGER NOT NULL,
  PRIMARY KEY (kind, holder, until)) WITHOUT ROWID;
CREATE INDEX sending_count_by_until ON sending_count (until);
CREATE TABLE sent_candidate (
  mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE, submitted INTEGER NOT NULL, at INTEGER NOT NULL,
  uid INTEGER NOT NULL, message_id INTEGER NOT NULL, message INTEGER NOT NULL,
  PRIMARY KEY (mailbox, submitted, at, uid)) WITHOUT ROWID;
CREATE INDEX sent_candidate_filed ON sent_candidate (mailbox, message_id, at, uid) WHERE submitted = 0;
`

const ingestKept = `
CREATE TABLE ingest_key (
  id INTEGER PRIMARY KEY AUTOINCREMENT, public_id TEXT NOT NULL UNIQUE,
  environment INTEGER NOT NULL REFERENCES environment ON DELETE CASCADE,
  domain INTEGER REFERENCES domain ON DELETE CASCADE, provider TEXT NOT NULL, label TEXT NOT NULL,
  secret TEXT NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER);
CREATE INDEX ingest_key_by_environment ON ingest_key (environment, id);
CREATE INDEX ingest_key_by_domain ON ingest_key (domain) WHERE domain IS NOT NULL;
CREATE TABLE once (
  scope TEXT NOT NULL, id TEXT NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL, answer TEXT,
  PRIMARY KEY (scope, id)) WITHOUT ROWID;
CREATE INDEX once_by_time ON once (at);
CREATE TABLE once_place (
  scope TEXT NOT NULL, id TEXT NOT NULL, mailbox INTEGER NOT NULL, uid INTEGER NOT NULL,
  PRIMARY KEY (scope, id, mailbox),
  FOREIGN KEY (scope, id) REFERENCES once ON DELETE CASCADE) WITHOUT ROWID;
`

const inboxKeyKept = `
ALTER TABLE inbox ADD COLUMN public_key TEXT;
`

const sinkKept = `
ALTER TABLE domain ADD COLUMN sink TEXT;
`

const importsKept = `
CREATE TABLE import_origin (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES inbox ON DELETE CASCADE,
  source TEXT NOT NULL, uid_validity INTEGER NOT NULL, UNIQUE (account, source, uid_validity));
CREATE TABLE imported (
  origin INTEGER NOT NULL REFERENCES import_origin ON DELETE CASCADE, source_uid INTEGER NOT NULL,
  mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, flags TEXT NOT NULL,
  PRIMARY KEY (origin, source_uid)) WITHOUT ROWID;
`

const rulesKept = `
CREATE TABLE rule (
  id INTEGER PRIMARY KEY AUTOINCREMENT, public_id TEXT NOT NULL UNIQUE,
  inbox INTEGER NOT NULL REFERENCES inbox ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL,
  enabled INTEGER NOT NULL, body TEXT NOT NULL, secret TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE INDEX rule_by_inbox ON rule (inbox, position);
CREATE TABLE replied (
  rule INTEGER NOT NULL REFERENCES rule ON DELETE CASCADE, sender TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (rule, sender)) WITHOUT ROWID;
CREATE INDEX replied_by_time ON replied (at);
ALTER TABLE submission ADD COLUMN keep_for INTEGER;
ALTER TABLE submission ADD COLUMN sink TEXT;
ALTER TABLE submission ADD COLUMN foreign_text INTEGER NOT NULL DEFAULT 0;
`

const textsAndHeldKept = `
ALTER TABLE outbox ADD COLUMN message INTEGER;
ALTER TABLE sent_candidate ADD COLUMN identity BLOB;
CREATE TABLE held_message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES inbox, mailbox TEXT NOT NULL,
  uid_validity INTEGER NOT NULL, uid INTEGER NOT NULL, flags INTEGER NOT NULL, message INTEGER NOT NULL,
  size INTEGER NOT NULL, internal_date INTEGER NOT NULL, save_date INTEGER NOT NULL, gone_at INTEGER NOT NULL);
CREATE INDEX held_by_account ON held_message (account, id);
`

/** What a restore makes: ids and a UIDVALIDITY that aren't those of the row or its space, and recipients that are held. */
const restoreKept = `
ALTER TABLE mailbox ADD COLUMN uid_validity INTEGER;
ALTER TABLE mailbox ADD COLUMN object_id INTEGER;
ALTER TABLE uid_space ADD COLUMN object_id INTEGER;
CREATE INDEX outbox_held ON outbox (submission) WHERE state = 'held';
`

const migrations: readonly string[] = [
  first,
  directoryWatchedAndRecentKept,
  sendingKept,
  ingestKept,
  inboxKeyKept,
  sinkKept,
  importsKept,
  rulesKept,
  textsAndHeldKept,
  restoreKept,
]
/** What the first entry leads to. Versions below it were never published. */
const firstVersion = 3
export const schemaVersion = firstVersion + migrations.length - 1

/**
 * Runs what is missing. Two processes that start together take turns on the write lock; the later finds it done. Who may not
 * upgrade makes a new store all the same.
 */
export function migrate(db: Connection, { mayUpgrade = true }: { readonly mayUpgrade?: boolean } = {}): void {
  const version = (): number => db.raw.pragma('user_version', { simple: true }) as number
  refuseOthers(version())
  if (version() === schemaVersion) return
  if (version() > 0 && !mayUpgrade) refuseUpgrade(version())
  db.raw
    .transaction(() => {
      refuseOthers(version())
      for (const sql of migrations.slice(Math.max(0, version() - firstVersion + 1))) db.raw.exec(sql)
      db.raw.pragma(`user_version = ${schemaVersion}`)
      db.raw.pragma(`application_id = ${applicationId}`)
    })
    .immediate()
}

/** Under an older program that works on it a database isn't changed: nothing of what that one does would succeed any more. */
function refuseUpgrade(version: number): never {
  return refuse(
    'schema-older',
    `The mailbox database has schema ${version}, of an older Postern; this program's is ${schemaVersion}.`,
    'Stop every gateway of the older Postern, then start the one of this: it brings the database to its schema.',
  )
}

function refuseOthers(version: number): void {
  if (version > 0 && version < firstVersion)
    refuse(
      'schema-older',
      `The mailbox database has schema ${version}, this program knows ${firstVersion} and later.`,
      'Export the mail with the Postern that wrote it, and import it into an empty data folder.',
    )
  if (version <= schemaVersion) return
  refuse(
    'schema-newer',
    `The mailbox database has schema ${version}, this program knows up to ${schemaVersion}.`,
    'Start the newer Postern that wrote it, or restore a backup made before the upgrade.',
  )
}
