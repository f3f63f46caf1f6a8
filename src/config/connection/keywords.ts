/** All keywords of libpq, and how the gateway handles each. */

export interface Keyword {
  /** Environment variable that is used if the connection string does not set it. */
  readonly variable?: string
  /** Accepted values, if only some are. */
  readonly values?: readonly string[]
  /** Whether it is a whole number. */
  readonly isNumber?: true
  /** Why the keyword is accepted but has no effect. */
  readonly ignored?: string
  /** Why other values than `values` are refused, although libpq accepts them. */
  readonly refused?: string
}

const gss = 'The gateway does not support GSSAPI'
const isRefused = (reason: string): Keyword => ({ values: [''], refused: reason })

export const keywords: Readonly<Record<string, Keyword>> = {
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT' },
  dbname: { variable: 'PGDATABASE' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  passfile: { variable: 'PGPASSFILE' },
  service: { variable: 'PGSERVICE' },
  servicefile: { variable: 'PGSERVICEFILE' },
  options: { variable: 'PGOPTIONS' },
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT', isNumber: true },

  sslmode: { variable: 'PGSSLMODE', values: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', values: ['postgres', 'direct'] },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslpassword: {},
  sslcrl: { variable: 'PGSSLCRL' },
  ssl_min_protocol_version: {
    variable: 'PGSSLMINPROTOCOLVERSION',
    values: ['', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  },
  ssl_max_protocol_version: {
    variable: 'PGSSLMAXPROTOCOLVERSION',
    values: ['', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  },
  sslcertmode: {
    variable: 'PGSSLCERTMODE',
    values: ['disable', 'allow'],
    refused: 'The driver does not report whether the server requested the certificate',
  },
  sslcrldir: {
    ...isRefused('Only one file of revoked certificates can be read: name it by sslcrl'),
    variable: 'PGSSLCRLDIR',
  },
  sslsni: { variable: 'PGSSLSNI', values: ['1'], refused: 'The driver always sends the name of the host' },
  sslkeylogfile: isRefused('TLS keys are never written to a file'),
  sslcompression: { variable: 'PGSSLCOMPRESSION', ignored: 'No version of TLS that is still in use compresses.' },

  channel_binding: {
    variable: 'PGCHANNELBINDING',
    values: ['prefer', 'disable'],
    refused: 'The driver cannot require it',
  },
  require_auth: {
    ...isRefused('The driver accepts any method that the server requests'),
    variable: 'PGREQUIREAUTH',
  },
  requirepeer: {
    ...isRefused("The driver does not know the owner of the server's process"),
    variable: 'PGREQUIREPEER',
  },
  scram_client_key: isRefused('Only a password can be given'),
  scram_server_key: isRefused('Only a password can be given'),
  oauth_issuer: isRefused('The driver does not support OAuth'),
  oauth_client_id: isRefused('The driver does not support OAuth'),
  oauth_client_secret: isRefused('The driver does not support OAuth'),
  oauth_scope: isRefused('The driver does not support OAuth'),
  gssencmode: { variable: 'PGGSSENCMODE', values: ['disable', 'prefer'], refused: gss },
  krbsrvname: { variable: 'PGKRBSRVNAME', ignored: 'It concerns GSSAPI alone, which is never used.' },
  gsslib: { variable: 'PGGSSLIB', ignored: 'It concerns GSSAPI alone, which is never used.' },
  gssdelegation: { variable: 'PGGSSDELEGATION', ignored: 'It concerns GSSAPI alone, which is never used.' },

  replication: {
    values: ['', 'false', 'off', 'no', '0'],
    refused: 'A connection for replication cannot read tables',
  },
  min_protocol_version: {
    variable: 'PGMINPROTOCOLVERSION',
    values: ['', '3.0'],
    refused: 'The driver supports version 3.0 only',
  },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION', ignored: 'The driver uses version 3.0, the lowest one.' },

  target_session_attrs: {
    variable: 'PGTARGETSESSIONATTRS',
    values: ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'],
    ignored: 'It chooses among several hosts. There is one, and the gateway only reads.',
  },
  load_balance_hosts: {
    variable: 'PGLOADBALANCEHOSTS',
    values: ['disable', 'random'],
    ignored: 'It chooses among several hosts, and there is one.',
  },
  application_name: {
    variable: 'PGAPPNAME',
    ignored: 'The gateway names its connections itself, so that they can be distinguished from those of SIPIS.',
  },
  fallback_application_name: { ignored: 'The gateway names its connections itself.' },
  client_encoding: {
    variable: 'PGCLIENTENCODING',
    ignored: 'The gateway chooses it by the encoding of the database.',
  },
  keepalives: { isNumber: true, ignored: 'The gateway always keeps connections alive.' },
  keepalives_idle: { isNumber: true },
  keepalives_interval: { isNumber: true, ignored: 'Node leaves it to the operating system.' },
  keepalives_count: { isNumber: true, ignored: 'Node leaves it to the operating system.' },
  tcp_user_timeout: { isNumber: true, ignored: 'The gateway bounds every answer itself.' },
}
