package configs

import (
	"time"

	"github.com/mallbridge/mallbridge/mappers/calendar"
	"github.com/mallbridge/mallbridge/order"
)

// A Warehouse ships: a file of warehouses/. Its name is the file's name without
// .yaml.
type Warehouse struct {
	Name string `yaml:"-"` // of the file: letters a-z, digits, hyphens
	File string `yaml:"-"` // path from the workspace

	// What people call the warehouse.
	Title string `yaml:"title"`
	// Whether files are dropped and fetched. Off, its orders wait.
	Enabled bool `yaml:"enabled" jsonschema:"default=true"`
	// Time zone of its cut-offs, dates and file names.
	Timezone string `yaml:"timezone"`
	// Country (JP, KR) of the warehouse. Default: by its time zone.
	Country string `yaml:"country" jsonschema:"pattern=^[A-Z]{2}$"`

	// Where files are exchanged.
	Drop Drop `yaml:"drop" jsonschema:"required"`
	// The files we give it.
	Instructions Instructions `yaml:"instructions" jsonschema:"required"`
	// What it shipped. Left out: nothing is fetched.
	Results *Results `yaml:"results"`
	// Its answers to our files. Left out: none are expected.
	Acks *Acks `yaml:"acks"`
	// Its stock. Left out: nothing is fetched.
	Stock *Stock `yaml:"stock"`
	// Requests to stop a parcel that was cancelled after the drop. Left out: a
	// person tells the warehouse.
	Stops *Stops `yaml:"stops"`

	// Charset of the files we give it, where it is not the format's.
	Charset string `yaml:"charset"`
	// The bytes of NEC and IBM extension characters in cp932: nec (rows ED, EE) or
	// ibm (rows FA to FC), where it is not the format's.
	ByteForm string `yaml:"byte_form" jsonschema:"enum=nec,enum=ibm"`
	// What may be written for characters that the charset lacks. Nothing else is
	// ever replaced.
	Replacements Replacements `yaml:"replacements"`

	// When it works.
	Calendar Calendar `yaml:"calendar"`
	// What is split into several instructions.
	Split Split `yaml:"split"`
	// Temperature classes that it handles.
	Temperatures []order.Temperature `yaml:"temperatures" jsonschema:"default=normal,enum=normal,enum=chilled,enum=frozen"`
	// How instruction numbers are formed.
	Number Number `yaml:"number"`
	// Texts for its files that are the same in every row, by name: billing_code,
	// billing_class, freight_code, department_code, sender_code, shipper_code …, and
	// extra.1 to extra.9 for own formats. Quote codes: "0312345678".
	Values map[string]string `yaml:"values"`
	// Other times than those of mallbridge.yaml.
	Schedules WarehouseSchedules `yaml:"schedules"`

	// Location is the warehouse's time zone, ready to use.
	Location *time.Location `yaml:"-"`
	// Days is the calendar, ready to use.
	Days *calendar.Calendar `yaml:"-"`
	pos  *positions
}

// A Drop is where files are exchanged: an SFTP account or a folder of this
// machine.
type Drop struct {
	// sftp, or local for a folder of this machine (a share, a test).
	Kind string `yaml:"kind" jsonschema:"required,enum=sftp,enum=local"`
	// Folder below which all others lie. sftp: on the server, from the login
	// folder if it does not start with a slash. local: a folder of this machine.
	Root string `yaml:"root"`
	// Name or address of the server.
	Host string `yaml:"host"`
	// Its port.
	Port int `yaml:"port" jsonschema:"default=22,minimum=1,maximum=65535"`
	// Login name.
	User  string `yaml:"user"`
	Login `yaml:",inline"`
	// File in OpenSSH's known_hosts form. It or host_keys is required for sftp.
	KnownHosts string `yaml:"known_hosts"`
	// Fingerprints (SHA256:…) or public keys (ssh-ed25519 AAAA…) of the server.
	HostKeys []string `yaml:"host_keys"`
	// Permit the SHA-1 methods that very old servers need.
	AllowSHA1 bool `yaml:"allow_sha1" jsonschema:"default=false"`
	// Silence after which a connection is given up.
	Timeout Duration `yaml:"timeout" jsonschema:"default=1m"`
}

// Instructions are the files we give to a warehouse.
type Instructions struct {
	// Format of the files.
	Format string `yaml:"format" jsonschema:"required"`
	// Folder at the drop.
	Folder string `yaml:"folder"`
	// File name as a template: order_{{.Batch}}.csv, with Batch, Warehouse, Seq and
	// Time, as {{.Time.Format "20060102150405"}} in the warehouse's zone. Default: the
	// format's.
	Name string `yaml:"name"`
	// Name while the bytes travel, with {name} for the final name: {name}.part,
	// .{name}, tmp/{name}.
	Temporary string `yaml:"temporary" jsonschema:"default={name}.part"`
	// Name of the empty file that tells the warehouse that {name} is complete:
	// {name}.done. Default: none.
	DoneMark string `yaml:"done_mark"`
	// Folders into which the warehouse moves the files it has taken.
	Archive []string `yaml:"archive"`
	// Whether the warehouse lets us read our own files back.
	Readable bool `yaml:"readable" jsonschema:"default=true"`
	// What is compared before the rename: hash reads the file back, size asks for
	// its size only.
	Verify string `yaml:"verify" jsonschema:"default=size,enum=size,enum=hash"`
	// Most instructions in one file; 0 for no limit.
	MaxInstructions int `yaml:"max_instructions" jsonschema:"default=0,minimum=0,maximum=1000000"`
	// Whether a person approves each file before it is dropped: never or always.
	Approval string `yaml:"approval" jsonschema:"default=never,enum=never,enum=always"`
	// The question to the malls, just before a file gets its final name, whether
	// its orders were cancelled or changed. Those that were leave the file.
	Guard Guard `yaml:"guard"`
	// Files that are far from usual wait for a person's approval.
	Brake Brake `yaml:"brake"`
}

// A Guard asks malls by their API for the present state of the orders in a file.
// Orders of accounts without an API, or of malls that cannot be asked for single
// orders, are as they were read last.
type Guard struct {
	// Ask the malls.
	Ask bool `yaml:"ask" jsonschema:"default=true"`
	// What to do when a mall does not answer: wait and ask again at every run until
	// shortly before the cut-off, then send the file and raise an alert; send it at
	// once and raise the alert; or hold it until the mall answers.
	Silent string `yaml:"silent" jsonschema:"default=wait,enum=wait,enum=send,enum=hold"`
	// How long before the cut-off waiting ends.
	Before Duration `yaml:"before" jsonschema:"default=20m"`
	// Waiting ends after this time in any case.
	Longest Duration `yaml:"longest" jsonschema:"default=2h"`
}

// The values of [Guard.Silent].
const (
	SilentWait = "wait"
	SilentSend = "send"
	SilentHold = "hold"
)

// A Brake holds files that are far from usual. It knows what is usual after a week
// of files; before that it says nothing.
type Brake struct {
	// Look at the files.
	Enabled bool `yaml:"enabled" jsonschema:"default=true"`
	// A file with more than so many times what this weekday usually has by this
	// time of day waits.
	Times int `yaml:"times" jsonschema:"default=3,minimum=2,maximum=100"`
	// A file with fewer instructions never waits.
	AtLeast int `yaml:"at_least" jsonschema:"default=50,minimum=1,maximum=1000000"`
	// A file waits when at least this share of its parcels, in percent, goes to the
	// same people with the same goods as those of the last two days. 0: never.
	Repeat int `yaml:"repeat" jsonschema:"default=50,minimum=0,maximum=100"`
	// A file waits when at least this share of the orders of the last day, in
	// percent, is on hold, and twice the usual share. 0: never.
	Holds int `yaml:"holds" jsonschema:"default=50,minimum=0,maximum=100"`
}

// A Pickup is one kind of file that a warehouse gives us.
type Pickup struct {
	// Format of the files.
	Format string `yaml:"format" jsonschema:"required"`
	// Folder at the drop.
	Folder string `yaml:"folder"`
	// Names of files that count: result_*.csv. Default: every file that is not
	// temporary.
	Pattern string `yaml:"pattern"`
	// Name of the file that says that {name} is complete: {name}.done. Default:
	// none, two equal looks count.
	DoneMark string `yaml:"done_mark"`
	// Without a done mark a file counts as complete when this many looks in a row
	// found the same size and time.
	Looks int `yaml:"looks" jsonschema:"default=2,minimum=1,maximum=20"`
	// Pause between two looks of one run.
	LookEvery Duration `yaml:"look_every" jsonschema:"default=2s"`
	// What happens to a file once it is stored: move it to done, delete it, or
	// keep it where it is.
	After string `yaml:"after" jsonschema:"default=move,enum=move,enum=delete,enum=keep"`
	// Folder at the drop for files that were read. Default: done inside folder.
	Done string `yaml:"done"`
}

// Results are files of what was shipped.
type Results struct {
	Pickup `yaml:",inline"`
	// What another tracking number for the same instruction means when it comes in a
	// later file: one more parcel, or a correction of the earlier number.
	LaterNumber string `yaml:"later_number" jsonschema:"default=parcel,enum=parcel,enum=correction"`
	// Working days after the drop within which a result is expected; 0 for no
	// alert.
	Within int `yaml:"within" jsonschema:"default=2,minimum=0,maximum=60"`
}

// Acks are files of a warehouse's answers to our files.
type Acks struct {
	Pickup `yaml:",inline"`
	// Every instruction must be answered; those that are not are shown.
	Expect bool `yaml:"expect" jsonschema:"default=false"`
	// Time after the drop within which the answer is expected.
	Within Duration `yaml:"within" jsonschema:"default=1h"`
}

// Stock is files of what a warehouse has.
type Stock struct {
	Pickup `yaml:",inline"`
	// The warehouse leaves out SKUs of which it has none: a SKU that is missing
	// from a file has stock 0.
	ZeroMissing bool `yaml:"zero_missing" jsonschema:"default=false"`
	// What the figures are: free leaves out goods that the warehouse has been
	// instructed to ship; on_hand holds them until they have left. Default: free where
	// the format has stock.sellable or stock.allocated, else on_hand.
	Figure string `yaml:"figure" jsonschema:"enum=free,enum=on_hand"`
	// Figures older than this are not used for malls.
	MaxAge Duration `yaml:"max_age" jsonschema:"default=26h"`
	// For free figures: how long before its stock file the warehouse must have got a
	// file of instructions to have reckoned with it, unless it answered earlier. What
	// came later is subtracted.
	TakesIn Duration `yaml:"takes_in" jsonschema:"default=30m"`
}

// DefaultMaxAge is [Stock.MaxAge] where a warehouse gives no stock files.
const DefaultMaxAge = 26 * time.Hour

// The values of [Stock.Figure].
const (
	FigureFree   = "free"
	FigureOnHand = "on_hand"
)

// Stops are files by which we ask a warehouse to stop parcels. Answers come as
// acks.
type Stops struct {
	// Format of the files.
	Format string `yaml:"format" jsonschema:"required"`
	// Folder at the drop.
	Folder string `yaml:"folder"`
	// File name as a template, as for instructions. Default: the format's.
	Name string `yaml:"name"`
	// Time after the request within which the answer is expected; then it is
	// overdue.
	Within Duration `yaml:"within" jsonschema:"default=1h"`
	// Ask to stop parcels of changed orders too: another address, other lines. Off,
	// a change is shown and a person speaks to the warehouse.
	Changes bool `yaml:"changes" jsonschema:"default=false"`
}

// Replacements are what may be written for characters that a charset lacks, or
// that the warehouse's system refuses.
type Replacements struct {
	// Pairs agreed with the warehouse: {髙: 高}. A character may be given by code
	// point, U+00A0, and a range of them, U+FE00..U+FE0F. Pairs go before lists.
	Pairs map[string]string `yaml:"pairs"`
	// Built-in lists: suggested (look-alikes and invisible characters that the
	// charset lacks), b2 (enclosed characters and units, which Yamato B2 Cloud
	// refuses, spelled out) and kanji (JIS X 0213 forms to those of JIS X 0208).
	Lists []string `yaml:"lists" jsonschema:"enum=suggested,enum=b2,enum=kanji"`
	// Compose letters and marks first, as が from か and its mark, which files from a
	// Mac keep apart.
	Compose bool `yaml:"compose" jsonschema:"default=false"`
}

// A Calendar says when a warehouse works.
type Calendar struct {
	// Days of the week: mon, tue, wed, thu, fri, sat, sun.
	WorkingDays []Weekday `yaml:"working_days" jsonschema:"default=mon;tue;wed;thu;fri"`
	// Days off: jp and kr (public holidays), and files of the workspace with the
	// columns date,name.
	Holidays []string `yaml:"holidays"`
	// Days on which it works although a holiday or the week says otherwise.
	WorkingDates []order.Date `yaml:"working_dates"`
	// Times of day until which instructions are taken for the same day: "14:30".
	// Default: all day.
	CutOffs []Clock `yaml:"cut_offs"`
	// Other times on some days: {sat: ["11:00"]}.
	CutOffsOn map[string][]Clock `yaml:"cut_offs_on"`
	// How long before a cut-off an alert is raised if instructions of the day are
	// not at the warehouse; 0 for none.
	Warn Duration `yaml:"warn" jsonschema:"default=30m"`
	// Working days that the warehouse needs before it ships.
	LeadDays int `yaml:"lead_days" jsonschema:"default=0,minimum=0,maximum=60"`
}

// Split says what becomes several instructions.
type Split struct {
	// One instruction for each temperature class.
	Temperature bool `yaml:"temperature" jsonschema:"default=true"`
}

// Number is how instruction numbers look: prefix and a running number.
type Number struct {
	// Letters and digits before the number.
	Prefix string `yaml:"prefix" jsonschema:"pattern=^[A-Za-z0-9]*$"`
	// Digits of the number, filled with zeros.
	Width int `yaml:"width" jsonschema:"default=8,minimum=4,maximum=18"`
}

// WarehouseSchedules are times of a warehouse's own.
type WarehouseSchedules struct {
	// Making and dropping files. Default: as in mallbridge.yaml.
	Instruct Schedule `yaml:"instruct"`
	// Fetching files. Default: as in mallbridge.yaml.
	Collect Schedule `yaml:"collect"`
	// Looking for what is late. Default: as in mallbridge.yaml.
	Watch Schedule `yaml:"watch"`
}
