package configs

import (
	"github.com/mallbridge/mallbridge/internal/secrets"
)

// Settings are those of mallbridge.yaml: what holds for the whole workspace.
type Settings struct {
	// Time zone of lists, reports and schedules that belong to no account or
	// warehouse: an IANA name such as Asia/Tokyo or Asia/Seoul.
	Timezone string `yaml:"timezone" jsonschema:"default=Asia/Tokyo"`
	// Language of messages and reports: ja, ko or en. Left out, the environment
	// decides (MALLBRIDGE_LANG, LC_ALL, LC_MESSAGES, LANG).
	Language string `yaml:"language" jsonschema:"enum=ja,enum=ko,enum=en"`
	// The ledger: a SQLite file, a postgres:// URL without a password, or a
	// reference (env:NAME, file:PATH, age:NAME) to such a URL.
	Ledger string `yaml:"ledger" jsonschema:"default=ledger.db"`

	// Folder that holds one watch folder for each account. People and mall
	// downloads put order sheets there. It and the five that follow are folders of
	// this machine, of a bucket (s3://bucket/prefix) or of an SFTP server
	// (sftp://user@host/path).
	Inbox string `yaml:"inbox" jsonschema:"default=inbox"`
	// Folder where every file that was read is kept as it came, for proof and
	// for replay.
	Archive string `yaml:"archive" jsonschema:"default=archive"`
	// Folder where instruction files are built before they are dropped.
	Outbox string `yaml:"outbox" jsonschema:"default=outbox"`
	// Folder that holds, one folder for each account, the sheets of tracking numbers
	// that people upload at malls.
	Uploads string `yaml:"uploads" jsonschema:"default=uploads"`
	// Folder to which sheets move once they are read and stored.
	Done string `yaml:"done" jsonschema:"default=done"`
	// Folder for sheets that could not be read, and for the files of refused rows
	// that a person mends and drops again.
	Rejected string `yaml:"rejected" jsonschema:"default=rejected"`

	// How buckets are reached.
	S3 S3 `yaml:"s3"`
	// How SFTP servers with folders of the workspace are reached.
	SFTP SFTP `yaml:"sftp"`
	// How the tables of masters/ are read.
	Masters MasterSettings `yaml:"masters"`
	// The age file of age: references.
	Secrets SecretSettings `yaml:"secrets"`
	// The pages of serve.
	Console Console `yaml:"console"`
	// What the program writes about itself on standard error.
	Log Log `yaml:"log"`
	// Who is told of alerts, and how.
	Alerts AlertSettings `yaml:"alerts"`
	// How long personal data stays.
	Retention Retention `yaml:"retention"`
	// When serve runs each stage; accounts and warehouses may differ.
	Schedules Schedules `yaml:"schedules"`
	// The comparison of mall, ledger and warehouse.
	Nightly Nightly `yaml:"nightly"`
	// What serve does at most at a time.
	Limits Limits `yaml:"limits"`
}

// Limits say how much serve does at a time.
type Limits struct {
	// Jobs of accounts with api: that call one mall at a time, over all machines that
	// serve the workspace together; 0 for no bound. With one, a mall that answers slowly does not keep the accounts of others waiting.
	MallJobs int `yaml:"mall_jobs" jsonschema:"default=0,minimum=0,maximum=10000"`
	// Jobs of each stage on accounts that one machine works at a time, and accounts
	// that one drop asks at a time whether orders were cancelled. They mostly wait for
	// malls, so that thousands of accounts need more: docs/scale-plan.md has the
	// arithmetic. A change is used from the next start on.
	Workers int `yaml:"workers" jsonschema:"default=2,minimum=1,maximum=1000"`
}

// Nightly is the comparison of mall, ledger and warehouse, once a day.
type Nightly struct {
	// Time of day, in the zone of the account or warehouse, after which the first
	// run compares. run reconcile and run watch compare at once.
	At Clock `yaml:"at" jsonschema:"default=03:30"`
	// Days back that are compared, as far as the mall answers.
	Days int `yaml:"days" jsonschema:"default=7,minimum=1,maximum=60"`
}

// MasterSettings are about the tables of masters/: sku-links, skus, payments,
// delivery-services and time-bands, each as .csv or .xlsx.
type MasterSettings struct {
	// Charset of the CSV files: utf-8, cp932 or cp949.
	Charset string `yaml:"charset" jsonschema:"default=utf-8,enum=utf-8,enum=cp932,enum=cp949"`
}

// SecretSettings say how age: references are opened.
type SecretSettings struct {
	// Age-encrypted text of lines NAME=VALUE.
	File string `yaml:"file" jsonschema:"default=secrets.age"`
	// Reference (env: or file:) to the age identity that opens it.
	Identity secrets.Ref `yaml:"identity" jsonschema:"default=env:MALLBRIDGE_AGE_IDENTITY"`
}

// Console is where serve listens.
type Console struct {
	// Address and port of the pages; off for none. People sign in; /healthz and
	// /metrics show counts, no personal data, and ask nobody who they are: keep
	// them on the machine.
	Listen string `yaml:"listen" jsonschema:"default=127.0.0.1:8383"`
	// Browsers come by HTTPS, through a proxy in front: cookies then travel by it
	// only.
	HTTPS bool `yaml:"https" jsonschema:"default=false"`
}

// Log is what the program writes about itself.
type Log struct {
	// The least level that is written: debug, info, warn or error.
	Level string `yaml:"level" jsonschema:"default=info,enum=debug,enum=info,enum=warn,enum=error"`
	// Lines for people (text) or for programs (json).
	Format string `yaml:"format" jsonschema:"default=text,enum=text,enum=json"`
}

// Schedules say when serve runs each stage. Each is an interval (90s, 10m, 1h), a
// cron line of five fields, or off. Cron lines count in the zone of the account
// or warehouse.
type Schedules struct {
	// Looking into the watch folders for order sheets.
	Extract Schedule `yaml:"extract" jsonschema:"default=30s"`
	// Mapping, holding, routing and merging what is new.
	Plan Schedule `yaml:"plan" jsonschema:"default=1m"`
	// Making and dropping instruction files.
	Instruct Schedule `yaml:"instruct" jsonschema:"default=10m"`
	// Fetching answers, results and stock from the warehouses.
	Collect Schedule `yaml:"collect" jsonschema:"default=5m"`
	// Telling malls of parcels, and looking whether they show them. New numbers go to
	// a mall at its own pace, however often this runs.
	Report Schedule `yaml:"report" jsonschema:"default=2m"`
	// Looking for answers that are late and files that do not balance.
	Watch Schedule `yaml:"watch" jsonschema:"default=5m"`
	// Looking at keys, windows and accounts without orders; once a day, after
	// nightly.at, it compares each mall with the ledger.
	Reconcile Schedule `yaml:"reconcile" jsonschema:"default=10m"`
	// Removing personal data whose time has come (retention), once a day at most.
	// Cron lines count in the workspace's zone.
	Purge Schedule `yaml:"purge" jsonschema:"default=20 3 * * *"`
	// Pushing stock to the malls of accounts with auto_stock_sync: true.
	Stock Schedule `yaml:"stock" jsonschema:"default=15m"`
	// Reading the malls' product masters: what changed since it was last read.
	Catalog Schedule `yaml:"catalog" jsonschema:"default=off"`
}
