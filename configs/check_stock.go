package configs

import (
	"fmt"
	"slices"

	"github.com/mallbridge/mallbridge/mappers/record"
)

// checkStock fills in and checks what the figures of a warehouse's stock file mean.
func (l *loader) checkStock(h *Warehouse) {
	s := h.Stock
	if s == nil {
		return
	}
	if s.Figure == "" {
		s.Figure = FigureOnHand
		if f, ok := l.ws.Formats.Get(s.Format); ok && slices.ContainsFunc(f.Fields(), func(f record.Field) bool { return f == record.StockSellable || f == record.StockAllocated }) {
			s.Figure = FigureFree
		}
	}
	if s.Figure == FigureOnHand && h.pos.has("stock.takes_in") {
		l.at(h.pos, "stock.takes_in", "stock.takes_in has no effect with figure: on_hand", "remove it: goods are subtracted until they have left")
	}
	if s.MaxAge <= 0 {
		l.at(h.pos, "stock.max_age", "stock.max_age is "+s.MaxAge.String(), "write how old a stock file may be: 26h")
	}
}

// checkSales checks what an account offers of the warehouses' stock.
func (l *loader) checkSales(a *Account) {
	s := &a.Stock
	for i, name := range s.Warehouses {
		key := fmt.Sprintf("stock.warehouses.%d", i)
		h, ok := l.ws.Warehouse(name)
		switch {
		case !ok:
			l.at(a.pos, key, fmt.Sprintf("stock.warehouses: warehouse %q is not in warehouses/", name), l.warehouseHint(name))
		case slices.Contains(s.Warehouses[:i], name):
			l.at(a.pos, key, fmt.Sprintf("stock.warehouses names %q twice", name), "name it once")
		case h.Stock == nil && a.AutoStockSync:
			l.at(a.pos, key, fmt.Sprintf("stock.warehouses: %s has no stock files", name), "add stock: to "+h.File+", or leave it out here")
		}
	}
	if len(s.Warehouses) == 0 {
		if a.Warehouse != "" {
			s.Warehouses = []string{a.Warehouse}
		} else {
			for _, h := range l.ws.Warehouses {
				s.Warehouses = append(s.Warehouses, h.Name)
			}
		}
	}
	if s.FullEvery <= 0 {
		l.at(a.pos, "stock.full_every", "stock.full_every is "+s.FullEvery.String(), "write how often all numbers are pushed: 24h")
	}
}
