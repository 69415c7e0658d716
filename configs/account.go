package configs

import (
	"time"

	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

// An Account is one shop's login at one mall: a file of accounts/. Its name is
// the file's name without .yaml and never changes, for all state hangs on it.
type Account struct {
	Name string `yaml:"-"` // of the file: letters a-z, digits, hyphens
	File string `yaml:"-"` // path from the workspace

	// The mall, or the order system, that the orders come from; plain for orders in
	// the Mallbridge sheet or in formats of your own.
	Mall string `yaml:"mall" jsonschema:"required,enum=rakuten,enum=yahoo-shopping,enum=yahoo-auction,enum=amazon,enum=shopserve,enum=shopify,enum=ebay,enum=smartstore,enum=coupang,enum=elevenst,enum=next-engine,enum=goq,enum=tempostar,enum=sabangnet,enum=ezadmin,enum=playauto,enum=plain"`
	// Whether anything runs for the account. What was instructed before stays.
	Enabled bool `yaml:"enabled" jsonschema:"default=true"`
	// What people call the shop.
	Title string `yaml:"title"`

	// Time zone of dates in the mall's sheets. Default: the mall's.
	Timezone string `yaml:"timezone"`
	// Currency (ISO 4217) of amounts in the mall's sheets. Default: the mall's.
	Currency string `yaml:"currency" jsonschema:"pattern=^[A-Z]{3}$"`
	// Country (JP, KR) of addresses that name none. Default: the mall's.
	Country string `yaml:"country" jsonschema:"pattern=^[A-Z]{2}$"`

	// Orders placed before this day (in the account's zone) are left outside.
	// Default: the day the account was first run, which the ledger keeps.
	NotBefore order.Date `yaml:"not_before"`
	// Orders placed more than this many days before a run are left outside.
	// Default 0: every order of a sheet is looked at, however old.
	LookbackDays int `yaml:"lookback_days" jsonschema:"default=0,minimum=0,maximum=366"`

	// How the account's order sheets are found and read.
	Intake Intake `yaml:"intake"`
	// How the mall is told of tracking numbers.
	Report Report `yaml:"report"`
	// The mall's API. Without it, orders come by sheets only.
	API *API `yaml:"api"`

	// Read sheets from the watch folder by themselves. Off, only ingest reads.
	AutoOrderIntake bool `yaml:"auto_order_intake" jsonschema:"default=true"`
	// Confirm new orders at the mall by themselves. Needs the mall's API.
	AutoConfirmation bool `yaml:"auto_confirmation" jsonschema:"default=false"`
	// Instruct orders by themselves. Off, each waits until a person releases it.
	AutoInstruction bool `yaml:"auto_instruction" jsonschema:"default=true"`
	// Tell the mall of tracking numbers by itself: by its API, or by a sheet for a
	// person to upload. Off, each waits until a person sends it (reports retry).
	AutoReport bool `yaml:"auto_report" jsonschema:"default=true"`
	// Push stock to the mall by itself, at the times of schedules.stock. Needs the
	// mall's API, and its product master (run catalog).
	AutoStockSync bool `yaml:"auto_stock_sync" jsonschema:"default=false"`

	// The mall status in which an order is instructed, by payment: the mall's text
	// (代金引換) or ours (prepaid, cod, deferred). default holds for payments not
	// named and is required. In an earlier status an order is unshipped, in a later
	// one done; check prints the table.
	Targets map[string]string `yaml:"targets" jsonschema:"required"`
	// Statuses of the shop's own, or another meaning of the mall's.
	Statuses []Status `yaml:"statuses"`
	// What to do with orders whose sheet has no status: take or hold them. Default:
	// take for coupang and plain, whose sheets list what is to be shipped; else hold.
	WithoutStatus string `yaml:"without_status" jsonschema:"enum=take,enum=hold"`

	// Which codes of a listing link to a SKU, the first that is filled counts:
	// item_id, item_code, option_id, option_code, sku_code, barcode, or several
	// joined by +. Default: the mall's.
	SKUFrom []string `yaml:"sku_from"`
	// The warehouse of orders that no rule routes. May be left out where there is
	// only one.
	Warehouse string `yaml:"warehouse"`
	// Who is printed as sender.
	Sender Sender `yaml:"sender"`
	// What the buyer wrote.
	Remarks Remarks `yaml:"remarks"`
	// What the mall marks an order with (mall_check, warning, island, amount_open,
	// gift, claim, mall_fulfils, address_later, preorder, medicine,
	// split_shipping): take, hold or outside. What is not named follows the
	// defaults that check prints.
	Flags map[string]string `yaml:"flags"`
	// Orders for the same recipient in one parcel.
	Merge Merge `yaml:"merge"`
	// When an account without orders is worth an alert.
	Quiet Quiet `yaml:"quiet"`
	// How long personal data stays.
	Retention AccountRetention `yaml:"retention"`
	// How many pieces the mall is told that it may sell.
	Stock AccountStock `yaml:"stock"`
	// Other times than those of mallbridge.yaml.
	Schedules AccountSchedules `yaml:"schedules"`

	// Location is the account's time zone, ready to use.
	Location *time.Location `yaml:"-"`
	// Status judges the mall's statuses by Targets and Statuses.
	Status *status.Resolver `yaml:"-"`
	pos    *positions
	// carriers are the workspace's own codes of carriers at the mall, by ours.
	carriers map[string]string
}

// A Status is one that an account adds to its mall's, or counts otherwise.
type Status struct {
	// The sheet's text, or status/substatus.
	Code string `yaml:"code" jsonschema:"required"`
	// The known status as which it counts. Either this or class.
	SameAs string `yaml:"same_as"`
	// What it means whatever the target.
	Class string `yaml:"class" jsonschema:"enum=unshipped,enum=instructed,enum=hold,enum=done,enum=cancelled,enum=outside"`
}

// Intake says how order sheets come.
type Intake struct {
	// Watch folder; also s3://bucket/prefix or sftp://user@host/path. Default:
	// <inbox>/<account>.
	Folder string `yaml:"folder"`
	// Names of files that count, as a pattern: *.csv. Default: every file but
	// hidden ones and downloads under way.
	Pattern string `yaml:"pattern"`
	// Formats that the sheets may have, tried in this order. Default: the mall's.
	Formats []string `yaml:"formats"`
	// Password of protected Excel files, as a reference: env:SMARTSTORE_PASSWORD.
	Password secrets.Ref `yaml:"password"`
	// What is added to a sheet's name to form its done mark: .done. A sheet then
	// counts as complete when its done mark is there.
	DoneMark string `yaml:"done_mark"`
	// Without a done mark a sheet counts as complete when this many looks in a row
	// found the same size and time. In a bucket one look is enough: what is there is
	// whole.
	Looks int `yaml:"looks" jsonschema:"default=2,minimum=1,maximum=20"`
	// Pause between two looks of one run.
	LookEvery Duration `yaml:"look_every" jsonschema:"default=2s"`
	// Charset of the sheets where it is not the format's: cp932, utf-8, cp949 …
	Charset string `yaml:"charset"`
}

// A Report says when the mall is told of tracking numbers, and which. A mall whose
// API does not take them gets a file that is made for a person to upload.
type Report struct {
	// When the mall is told: shipped, on the day the warehouse ships; labelled, as
	// soon as there is a number, also before that day; accepted, as soon as there is a
	// number and the warehouse has said that it takes the parcel.
	When string `yaml:"when" jsonschema:"default=shipped,enum=shipped,enum=labelled,enum=accepted"`
	// Which numbers, where a package goes in several parcels: each, as far as the mall
	// takes them, otherwise as all; all, that of the first parcel once all have
	// shipped; first, that of the first parcel at once. check prints what follows.
	Parcels string `yaml:"parcels" jsonschema:"default=each,enum=each,enum=all,enum=first"`
	// How long the mall may take to accept a number and to show it, before a person
	// is told.
	Within Duration `yaml:"within" jsonschema:"default=6h"`
	// How long serve gathers parcels before it writes a file for people to upload.
	// The command run writes what there is.
	Gather Duration `yaml:"gather" jsonschema:"default=1h"`
	// Format of the file. Default: the mall's.
	Format string `yaml:"format"`
	// Charset of the file where it is not the format's: cp932, utf-8, cp949 …
	Charset string `yaml:"charset"`
	// Texts that the format writes into every row, by the names that its page
	// gives: delivery_method, extra.1 …
	Values map[string]string `yaml:"values"`
}

// An API is how an account speaks to its mall.
type API struct {
	// Off, nothing is asked of the mall and nothing told; sheets work all the same.
	Enabled bool `yaml:"enabled" jsonschema:"default=true"`
	// Another address than the mall's own: that of a simulator, or of a gateway.
	BaseURL string `yaml:"base_url"`
	// What the mall wants to know, by the names that account keys lists: vendor_id …
	Settings map[string]string `yaml:"settings"`
	// The mall's keys as references, by the same names: access_key: env:COUPANG_KEY.
	Secrets map[string]secrets.Ref `yaml:"secrets"`
	// The keys that come after, by the same names, while both are valid. account test
	// tries them; they are used when the mall refuses those of secrets.
	Next map[string]secrets.Ref `yaml:"next"`
	// The last day on which the keys work, where the mall cannot be asked.
	KeyEnds order.Date `yaml:"key_ends"`
	// How often serve asks for orders. Default: the mall's own pace.
	Every Duration `yaml:"every"`
}

// A Sender is printed on labels.
type Sender struct {
	// Name of the shop or person.
	Name string `yaml:"name"`
	// The same in kana, where a carrier wants it.
	Kana string `yaml:"kana"`
	// Company, above the name.
	Company string `yaml:"company"`
	// Phone, with hyphens.
	Phone string `yaml:"phone"`
	// Postal code. Quote it: "0600001".
	Postal string `yaml:"postal"`
	// 都道府県, 시도.
	Prefecture string `yaml:"prefecture"`
	// 市区郡, 시군구.
	City string `yaml:"city"`
	// The rest of the address.
	Street string `yaml:"street"`
	// Building, floor, room.
	Building string `yaml:"building"`
}

// Party returns the sender as the trade's type.
func (s Sender) Party(country string) order.Party {
	return order.Party{
		Name: s.Name, Kana: s.Kana, Company: s.Company, Phone: s.Phone, Country: country, Postal: s.Postal,
		Prefecture: s.Prefecture, City: s.City, Street: s.Street, Building: s.Building,
	}
}

// Remarks is what happens to orders on which the buyer wrote something.
type Remarks struct {
	// Hold an order with a remark until a person has read it: true, false, or
	// unless_known, which lets the texts of known pass.
	Hold string `yaml:"hold" jsonschema:"default=true,enum=true,enum=false,enum=unless_known"`
	// Remarks that need no person: whole texts, or lines of a remark made of
	// nothing else. Spaces and width of letters do not matter.
	Known []string `yaml:"known"`
}

// The values of [Remarks.Hold].
const (
	HoldAlways      = "true"
	HoldNever       = "false"
	HoldUnlessKnown = "unless_known"
)

// Merge puts orders for the same recipient into one parcel.
type Merge struct {
	// How long an order waits for others to the same name, address and phone: 2h.
	// Default 0: it waits for none, but what is planned together is merged.
	Within Duration `yaml:"within" jsonschema:"default=0"`
	// Never merge orders of this account.
	Never bool `yaml:"never" jsonschema:"default=false"`
}

// Quiet says when no orders are too few.
type Quiet struct {
	// An alert is raised when for so long no order came, although on this weekday
	// at this time there usually are some. 0: never.
	After Duration `yaml:"after" jsonschema:"default=6h"`
	// How many orders there must usually be in that time.
	Usual int `yaml:"usual" jsonschema:"default=3,minimum=1,maximum=100000"`
}

// AccountSchedules are times of an account's own.
type AccountSchedules struct {
	// Looking into the watch folder. Default: as in mallbridge.yaml.
	Extract Schedule `yaml:"extract"`
	// Mapping and planning. Default: as in mallbridge.yaml.
	Plan Schedule `yaml:"plan"`
	// Telling the mall of parcels. Default: as in mallbridge.yaml.
	Report Schedule `yaml:"report"`
	// Comparing mall and ledger. Default: as in mallbridge.yaml.
	Reconcile Schedule `yaml:"reconcile"`
	// Pushing stock, where auto_stock_sync is true. Default: as in mallbridge.yaml.
	Stock Schedule `yaml:"stock"`
	// Reading the product master. Default: as in mallbridge.yaml.
	Catalog Schedule `yaml:"catalog"`
}

// AccountStock says how an account's sellable numbers are made of the warehouses'
// stock.
type AccountStock struct {
	// Warehouses whose stock the account sells. Default: the account's warehouse,
	// or all of them where it names none.
	Warehouses []string `yaml:"warehouses"`
	// With several warehouses: sum adds their stock up; warehouse counts a set only
	// where all its parts lie in one of them.
	Sets string `yaml:"sets" jsonschema:"default=sum,enum=sum,enum=warehouse"`
	// Pieces of each SKU that the mall is never offered. The column buffer of
	// masters/skus.csv goes before it.
	Buffer int `yaml:"buffer" jsonschema:"default=0,minimum=0,maximum=1000000"`
	// Share of what is sellable that this mall is offered, in percent, rounded down.
	Percent int `yaml:"percent" jsonschema:"default=100,minimum=1,maximum=100"`
	// Where several products of the account are made of one SKU: same offers the
	// whole number at each, split divides it among them.
	Products string `yaml:"products" jsonschema:"default=same,enum=same,enum=split"`
	// If more than this share of the products, in percent, would be sold out at
	// once, these changes wait for stock approve. 100: never.
	ApproveZero int `yaml:"approve_zero" jsonschema:"default=20,minimum=0,maximum=100"`
	// If the numbers of more than this share of the products, in percent, would
	// change by more than half, these changes wait for stock approve. 100: never.
	ApproveJump int `yaml:"approve_jump" jsonschema:"default=40,minimum=0,maximum=100"`
	// Up to so many such changes at once never wait.
	ApproveFrom int `yaml:"approve_from" jsonschema:"default=5,minimum=0,maximum=1000000"`
	// How often all numbers are pushed, changed or not, and compared with what the
	// mall shows. Between, only differences are pushed.
	FullEvery Duration `yaml:"full_every" jsonschema:"default=24h"`
	// A SKU of which so many or fewer are sellable is listed as low. 0: only what is
	// sold out.
	Low int `yaml:"low" jsonschema:"default=0,minimum=0,maximum=1000000"`
}

// The values of [AccountStock.Sets] and [AccountStock.Products].
const (
	SetsBySum       = "sum"
	SetsByWarehouse = "warehouse"
	ProductsSame    = "same"
	ProductsSplit   = "split"
)

// Since returns the first day whose orders the account takes, for a run at now:
// the later of the start and the look-back. first is the day the ledger keeps as
// the account's first run; it counts where the configuration has no not_before.
func (a *Account) Since(now time.Time, first order.Date) order.Date {
	since := a.NotBefore
	if since == "" {
		since = first
	}
	if a.LookbackDays > 0 {
		if back := order.DateOf(now.In(a.Location)).AddDays(-a.LookbackDays); back > since {
			since = back
		}
	}
	return since
}

// OrderDay is the day on which an order was placed, in the account's zone; empty if
// that is not known.
func (a *Account) OrderDay(o *order.Order) order.Date {
	if o.Ordered.UTC.IsZero() {
		return ""
	}
	return order.DateOf(o.Ordered.UTC.In(a.Location))
}

// UsesAPI reports whether the account's mall is asked by API.
func (a *Account) UsesAPI() bool { return a.API != nil && a.API.Enabled }

// DefaultTarget is the key of [Account.Targets] that holds for every payment.
const DefaultTarget = "default"

// What an account does with an order that has a flag.
const (
	FlagTake    = "take"
	FlagHold    = "hold"
	FlagOutside = "outside"
)

// flagDefaults is what happens to flagged orders where an account says nothing.
var flagDefaults = []struct{ flag, action string }{
	{order.FlagMallCheck, FlagHold},
	{order.FlagWarning, FlagHold},
	{order.FlagAmountOpen, FlagHold},
	{order.FlagClaim, FlagHold},
	{order.FlagAddressLater, FlagHold},
	{order.FlagIsland, FlagTake},
	{order.FlagGift, FlagHold},
	{order.FlagPreorder, FlagHold},
	{order.FlagMedicine, FlagHold},
	{order.FlagMallFulfils, FlagOutside},
	{order.FlagSplitShipping, FlagTake},
	{order.FlagZerosRestored, FlagTake},
}

// FlagAction returns what to do with an order that has the flag: [FlagTake],
// [FlagHold] or [FlagOutside]. Flags that nobody knows are held.
func (a *Account) FlagAction(flag string) string {
	if action, ok := a.Flags[flag]; ok {
		return action
	}
	for _, d := range flagDefaults {
		if d.flag == flag {
			return d.action
		}
	}
	return FlagHold
}
