package console

import (
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/links"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/order"
)

// How many listings and rows of a master a page shows.
const shownListings, shownRows = 200, 500

// mostKnown is how many values a field offers.
const mostKnown = 1000

type linksData struct {
	Account  string
	Accounts []string
	Listings []linkItem
	More     int
	SKUs     []string
	Masters  []string
}

type linkItem struct {
	links.Listing
	Held int // orders that wait for it
}

func (c *Console) links(q *request) (string, any, error) {
	d := linksData{Account: q.URL.Query().Get("account"), Masters: masterNames()}
	for _, a := range q.env.Workspace.Accounts {
		d.Accounts = append(d.Accounts, a.Name)
	}
	all, err := links.Unlinked(q.Context(), q.env, d.Account)
	if err != nil {
		return "", nil, err
	}
	holds, err := q.env.Ledger.Holds(q.Context(), d.Account, maxHolds)
	if err != nil {
		return "", nil, err
	}
	held := map[[2]string]int{}
	for _, h := range holds {
		if h.Reason == order.HoldSKU {
			held[[2]string{h.Account, h.Value}]++
		}
	}
	for _, l := range all {
		d.Listings = append(d.Listings, linkItem{l, held[[2]string{l.Account, l.Code}]})
	}
	// What keeps most orders comes first.
	slices.SortStableFunc(d.Listings, func(a, b linkItem) int { return b.Held - a.Held })
	if len(d.Listings) > shownListings {
		d.More = len(d.Listings) - shownListings
		d.Listings = d.Listings[:shownListings]
	}
	d.SKUs = knownSKUs(q)
	return "links", d, nil
}

func knownSKUs(q *request) []string {
	all := q.env.Workspace.SKUs.SKUs()
	return all[:min(len(all), mostKnown)]
}

func masterNames() []string { return append([]string{configs.SKULinks}, configs.Masters...) }

// linkOne links one listing to a SKU.
func (c *Console) linkOne(q *request) (string, error) {
	k := sku.Link{Account: q.FormValue("account"), Code: q.FormValue("code"), SKU: strings.TrimSpace(q.FormValue("sku")), Quantity: strings.TrimSpace(q.FormValue("quantity"))}
	if _, ok := q.env.Workspace.Account(k.Account); !ok {
		return "", order.Errorf(order.Invalid, "", "no account %s", k.Account)
	}
	if k.Quantity == "" {
		k.Quantity = "1"
	}
	_, wrong := sku.NewIndex([]sku.Link{k}, nil)
	for _, f := range wrong {
		if !f.Warning {
			return "", order.Errorf(order.Invalid, f.Hint, "%s: %q %s", f.Column, f.Value, f.Why)
		}
	}
	if err := c.putLinks(q, []sku.Link{k}, false); err != nil {
		return "", err
	}
	c.tell(q, "%s is linked to %s; its orders move on by themselves", k.Code, k.SKU)
	return back(q), c.planHeld(q, order.HoldSKU)
}

// putLinks puts links over those of the master.
func (c *Console) putLinks(q *request, add []sku.Link, whole bool) error {
	ws := q.env.Workspace
	old, file, err := ws.Links()
	if err != nil {
		return err
	}
	all, changes := configs.MergeLinks(old, add, whole)
	if len(changes) == 0 {
		return nil
	}
	if err := c.change(q.Context(), file, func(w io.Writer) error { return ws.WriteLinks(w, file, all) }); err != nil {
		return err
	}
	return q.record("links.imported", file+": "+strconv.Itoa(len(changes))+" codes")
}

// linkTemplate gives out the listings without a SKU as a table to fill in.
func (c *Console) linkTemplate(w http.ResponseWriter, r *http.Request) {
	all, err := links.Unlinked(r.Context(), c.o.Env(), r.URL.Query().Get("account"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.sendTable(w, r, "sku-unmapped"+ending(r), links.Table(all))
}

type masterData struct {
	Name    string
	Masters []string
	File    string
	Head    []string
	Rows    [][]string
	Total   int
	Filter  string
	Fields  []masterField // to add a row by
}

type masterField struct {
	Name, Value string
	Known       []string // values that other rows have
}

// masterOf checks the name of a master.
func masterOf(r *http.Request) (string, error) {
	name := r.PathValue("name")
	if !slices.Contains(masterNames(), name) {
		return "", order.Errorf(order.NotFound, "", "there is no master %s", name)
	}
	return name, nil
}

// rowsOf reads a master as its file has it.
func rowsOf(ws *configs.Workspace, name string) (rows [][]string, file string, err error) {
	if name != configs.SKULinks {
		return ws.MasterTable(name)
	}
	all, file, err := ws.Links()
	for i := range all {
		rows = append(rows, configs.LinkCells(&all[i]))
	}
	return rows, file, err
}

func (c *Console) master(q *request) (string, any, error) {
	name, err := masterOf(q.Request)
	if err != nil {
		return "", nil, err
	}
	v := q.URL.Query()
	d := masterData{Name: name, Masters: masterNames(), Head: configs.MasterHeader(name), Filter: strings.TrimSpace(v.Get("q"))}
	rows, file, err := rowsOf(q.env.Workspace, name)
	if err != nil {
		return "", nil, err
	}
	d.File = file
	for i, h := range d.Head {
		f := masterField{Name: h, Value: v.Get(h)}
		for _, r := range rows {
			if len(f.Known) < mostKnown && r[i] != "" && !slices.Contains(f.Known, r[i]) {
				f.Known = append(f.Known, r[i])
			}
		}
		d.Fields = append(d.Fields, f)
	}
	for _, r := range rows {
		if d.Filter != "" && !slices.ContainsFunc(r, func(cell string) bool { return strings.Contains(strings.ToLower(cell), strings.ToLower(d.Filter)) }) {
			continue
		}
		if d.Total++; d.Total <= shownRows {
			d.Rows = append(d.Rows, r)
		}
	}
	return "master", d, nil
}

func (c *Console) masterFile(w http.ResponseWriter, r *http.Request) {
	name, err := masterOf(r)
	var rows [][]string
	if err == nil {
		rows, _, err = rowsOf(c.o.Env().Workspace, name)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.sendTable(w, r, name+ending(r), append([][]string{configs.MasterHeader(name)}, rows...))
}

// addRow adds one row to a master.
func (c *Console) addRow(q *request) (string, error) {
	name, err := masterOf(q.Request)
	if err != nil {
		return "", err
	}
	ws := q.env.Workspace
	rows, file, err := rowsOf(ws, name)
	if err != nil {
		return "", err
	}
	head := configs.MasterHeader(name)
	row := make([]string, len(head))
	for i, h := range head {
		row[i] = strings.TrimSpace(q.FormValue(h))
	}
	var one strings.Builder
	if name == configs.SKULinks {
		k := sku.Link{Account: row[0], Code: row[1], SKU: row[2], Quantity: row[3], Name: row[4], Temperature: row[5], Weight: row[6], From: row[7]}
		if err := ws.WriteLinks(&one, "row.csv", []sku.Link{k}); err != nil {
			return "", err
		}
		add, _, found, err := ws.ReadLinks(file, []byte(one.String()))
		if err == nil {
			err = unchanged(found.Err())
		}
		if err == nil && len(add) == 0 {
			err = order.Errorf(order.Invalid, "write the warehouse's code", "the SKU is empty")
		}
		if err == nil {
			err = c.putLinks(q, add, false)
		}
		if err != nil {
			return "", err
		}
	} else {
		if err := ws.WriteMaster(&one, name, "row.csv", append(slices.Clone(rows), row)); err != nil {
			return "", err
		}
		fresh, found := ws.ReadMaster(name, file, []byte(one.String()))
		if err := unchanged(found.Err()); err != nil {
			return "", err
		}
		if err := c.putMaster(q, name, file, fresh); err != nil {
			return "", err
		}
	}
	c.tell(q, "the row is in %s", file)
	return "/masters/" + name, c.planHeld(q, repairs[name]...)
}

// repairs are the reasons that a row of a master may end.
var repairs = map[string][]order.Reason{
	configs.SKULinks:         {order.HoldSKU},
	configs.SKUMaster:        {order.HoldSKU, order.HoldWarehouse},
	configs.PaymentMaster:    {order.HoldPayment},
	configs.DeliveryServices: {order.HoldDelivery},
	configs.TimeBands:        {order.HoldTimeBand},
}

func (c *Console) putMaster(q *request, name, file string, rows [][]string) error {
	ws := q.env.Workspace
	if err := c.change(q.Context(), file, func(w io.Writer) error { return ws.WriteMaster(w, name, file, rows) }); err != nil {
		return err
	}
	return q.record("master.changed", file+": "+strconv.Itoa(len(rows))+" rows")
}

// masterUpload keeps a table until somebody has looked at what it changes.
func (c *Console) masterUpload(q *request) (string, error) {
	name, err := masterOf(q.Request)
	if err != nil {
		return "", err
	}
	p, _, err := c.receive(q, configs.MasterSize)
	if err != nil {
		return "", err
	}
	p.Master = name
	return "/masters/" + name + "/preview/" + p.ID, c.uploads.add(p)
}

type changeData struct {
	ID, Name, Upload, File string
	Findings               configs.Findings
	Bad                    bool // it cannot be taken
	Head                   []string
	Added, Removed         [][]string
	MoreAdded, MoreRemoved int
	Links                  []links.Change
	MoreLinks              int
	Changes                int
	Open, Held             int
	Whole                  bool
	rows                   [][]string
	add                    []sku.Link
}

// changes says what an uploaded table would change.
func (c *Console) changes(q *request, p *pending, whole bool) (*changeData, error) {
	data, err := os.ReadFile(p.Path)
	if err != nil {
		return nil, err
	}
	ws := q.env.Workspace
	d := &changeData{ID: p.ID, Name: p.Master, Upload: p.Name, Head: configs.MasterHeader(p.Master), Whole: whole}
	var found configs.Findings
	if p.Master == configs.SKULinks {
		var old []sku.Link
		if d.add, d.Open, found, err = ws.ReadLinks(p.Name, data); err != nil {
			return nil, err
		}
		if old, d.File, err = ws.Links(); err != nil {
			return nil, err
		}
		_, merged := configs.MergeLinks(old, d.add, whole)
		d.Links, d.Changes = links.Changes(merged), len(merged)
		if d.Held, err = links.Held(q.Context(), q.env, merged); err != nil {
			return nil, err
		}
		if d.MoreLinks = len(d.Links) - shownRows; d.MoreLinks > 0 {
			d.Links = d.Links[:shownRows]
		}
	} else {
		var old [][]string
		d.rows, found = ws.ReadMaster(p.Master, p.Name, data)
		if old, d.File, err = ws.MasterTable(p.Master); err != nil {
			return nil, err
		}
		d.Added, d.Removed = rowChanges(old, d.rows)
		d.Changes = len(d.Added) + len(d.Removed)
		d.Added, d.MoreAdded = head(d.Added)
		d.Removed, d.MoreRemoved = head(d.Removed)
	}
	d.Bad = found.Errors() > 0
	d.Findings = found[:min(len(found), shownRows)].In(phrase.Findings(q.lang))
	return d, nil
}

func head(rows [][]string) ([][]string, int) {
	if len(rows) <= shownRows {
		return rows, 0
	}
	return rows[:shownRows], len(rows) - shownRows
}

// rowChanges compares two tables row by row; a row that changed is removed and added.
func rowChanges(old, now [][]string) (added, removed [][]string) {
	count := map[string]int{}
	key := func(r []string) string { return strings.Join(r, "\x00") }
	for _, r := range old {
		count[key(r)]++
	}
	for _, r := range now {
		if count[key(r)] > 0 {
			count[key(r)]--
			continue
		}
		added = append(added, r)
	}
	for _, r := range old {
		if count[key(r)] > 0 {
			count[key(r)]--
			removed = append(removed, r)
		}
	}
	return added, removed
}

// tableOf finds an uploaded table of the person.
func (c *Console) tableOf(q *request) (*pending, error) {
	p, err := c.uploads.get(q.PathValue("id"), q.user.Name)
	if err == nil && p.Master != q.PathValue("name") {
		err = order.Errorf(order.NotFound, "upload it again", "the upload is not there any more")
	}
	return p, err
}

func (c *Console) masterPreview(q *request) (string, any, error) {
	p, err := c.tableOf(q)
	if err != nil {
		return "", nil, err
	}
	d, err := c.changes(q, p, q.URL.Query().Get("whole") == "1")
	return "change", d, err
}

func (c *Console) masterTake(q *request) (string, error) {
	p, err := c.tableOf(q)
	if err != nil {
		return "", err
	}
	d, err := c.changes(q, p, q.FormValue("whole") == "1")
	if err != nil {
		return "", err
	}
	if d.Bad {
		return "", order.Errorf(order.Invalid, "mend the rows and upload the table again", "%s has errors; nothing was taken", p.Name)
	}
	if p.Master == configs.SKULinks {
		err = c.putLinks(q, d.add, d.Whole)
	} else if d.Changes > 0 {
		err = c.putMaster(q, p.Master, d.File, d.rows)
	}
	if err != nil {
		return "", err
	}
	if err := c.uploads.drop(p); err != nil {
		return "", err
	}
	c.tell(q, "%d rows changed in %s", d.Changes, d.File)
	return "/masters/" + p.Master, c.planHeld(q, repairs[p.Master]...)
}

func (c *Console) masterForget(q *request) (string, error) {
	p, err := c.tableOf(q)
	if err != nil {
		return "", err
	}
	return "/masters/" + p.Master, c.uploads.drop(p)
}
