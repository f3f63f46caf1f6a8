/** Every keyword of libpq, and what the gateway does about it. */

export interface Keyword {
  /** The variable that says it where the connection string does not. */
  readonly variable?: string
  /** The values that there are, where they are few. */
  readonly values?: readonly string[]
  /** Whether it is a whole number. */
  readonly isNumber?: true
  /** Set where it is accepted and does nothing: the reason for that. */
  readonly ignored?: string
  /** Set where other values than `values` are known to libpq but refused here: the reason for that. */
  readonly refused?: string
}

const gss = 'The gateway does not speak GSSAPI'
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
    refused: 'Whether the server asked for the certificate cannot be seen',
  },
  sslcrldir: {
    ...isRefused('Only one file of revoked certificates can be read: name it by sslcrl'),
    variable: 'PGSSLCRLDIR',
  },
  sslsni: { variable: 'PGSSLSNI', values: ['1'], refused: 'The driver always sends the name of the host' },
  sslkeylogfile: isRefused('Keys of connections are not written down'),
  sslcompression: { variable: 'PGSSLCOMPRESSION', ignored: 'No version of TLS that is still in use compresses.' },

  channel_binding: {
    variable: 'PGCHANNELBINDING',
    values: ['prefer', 'disable'],
    refused: 'The driver cannot insist on it',
  },
  require_auth: {
    ...isRefused('The driver takes whatever method the server asks for'),
    variable: 'PGREQUIREAUTH',
  },
  requirepeer: {
    ...isRefused("The owner of the server's process cannot be seen"),
    variable: 'PGREQUIREPEER',
  },
  scram_client_key: isRefused('Only a password can be given'),
  scram_server_key: isRefused('Only a password can be given'),
  oauth_issuer: isRefused('The driver does not speak OAuth'),
  oauth_client_id: isRefused('The driver does not speak OAuth'),
  oauth_client_secret: isRefused('The driver does not speak OAuth'),
  oauth_scope: isRefused('The driver does not speak OAuth'),
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
    refused: 'The driver speaks version 3.0 alone',
  },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION', ignored: 'The driver speaks version 3.0, the lowest one.' },

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
