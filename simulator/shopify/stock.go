package shopify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A variant is one thing that can be bought, with its stock at each location.
type variant struct {
	id, productID, item   int64
	sku, barcode          string
	title, option, status string
	price                 int64
	untracked             bool
	updated               time.Time
	levels                map[int64]*level // by location
}

type level struct{ available, committed int64 }

func (c *call) product(v *variant) object {
	return object{"Product", map[string]any{
		"id": gid("Product", v.productID), "legacyResourceId": fmt.Sprint(v.productID), "title": v.title, "status": v.status, "productType": "", "updatedAt": stamp(v.updated),
	}}
}

func (c *call) variant(v *variant) object {
	total := int64(0)
	for _, l := range v.levels {
		total += l.available
	}
	price := fmt.Sprint(v.price)
	if c.shop.Currency == "USD" {
		price = fmt.Sprintf("%d.%02d", v.price/100, v.price%100)
	}
	title := v.option
	if title == "" {
		title = "Default Title"
	}
	return object{"ProductVariant", map[string]any{
		"id": gid("ProductVariant", v.id), "legacyResourceId": fmt.Sprint(v.id), "sku": text(v.sku), "barcode": text(v.barcode), "title": title, "displayName": v.title + " - " + title,
		"price": price, "inventoryQuantity": total, "createdAt": stamp(v.updated), "updatedAt": stamp(v.updated),
		"product": resolver(func(map[string]any) (any, error) { return c.product(v), nil }),
		"inventoryItem": object{"InventoryItem", map[string]any{
			"id": gid("InventoryItem", v.item), "sku": text(v.sku), "tracked": !v.untracked, "duplicateSkuCount": 0, "updatedAt": stamp(v.updated),
			"inventoryLevel": c.needs("read_inventory", "inventoryLevel", func(args map[string]any) (any, error) {
				id, err := numberOf(args["locationId"], "Location")
				if err != nil {
					return nil, err
				}
				l := v.levels[id]
				if l == nil {
					return nil, nil
				}
				i := slices.IndexFunc(c.shop.locations, func(x *location) bool { return x.id == id })
				return object{"InventoryLevel", map[string]any{
					"id": gid("InventoryLevel", v.item), "location": c.location(c.shop.locations[i]), "updatedAt": stamp(v.updated), "isActive": true,
					"quantities": resolver(func(args map[string]any) (any, error) {
						var out []object
						for _, n := range args["names"].([]any) {
							q, ok := map[any]int64{"available": l.available, "committed": l.committed, "on_hand": l.available + l.committed}[n]
							if !ok {
								return nil, &fail{code: "BAD_REQUEST", message: fmt.Sprintf("no quantity %v", n)}
							}
							out = append(out, object{"InventoryQuantity", map[string]any{"id": gid("InventoryQuantity", v.item), "name": n, "quantity": q, "updatedAt": stamp(v.updated)}})
						}
						return out, nil
					}),
				}}, nil
			}),
		}},
	}}
}

// nodes finds product variants by id, the only kind that is played.
func (c *call) nodes(args map[string]any) (any, error) {
	ids := args["ids"].([]any)
	if len(ids) > 250 {
		return nil, &fail{code: "BAD_REQUEST", message: "at most 250 ids"}
	}
	out := make([]*object, len(ids))
	for i, x := range ids {
		id, err := numberOf(x, "ProductVariant")
		if err != nil {
			return nil, err
		}
		for _, v := range c.shop.variants {
			if v.id == id {
				o := c.variant(v)
				out[i] = &o
			}
		}
	}
	return out, nil
}

// variantTerms are the terms of the search for variants. A SKU is looked for by its
// words, without regard to capitals: MUG finds MUG-BL as well.
var variantTerms = map[string]func(op, value string, quoted bool) (func(*variant) bool, error){
	"sku": func(op, value string, _ bool) (func(*variant) bool, error) {
		if op != "" {
			return nil, fmt.Errorf("sku: a value is expected")
		}
		words := strings.Fields(strings.ToLower(strings.ReplaceAll(value, "-", " ")))
		return func(v *variant) bool {
			have := strings.Fields(strings.ToLower(strings.ReplaceAll(v.sku, "-", " ")))
			for _, w := range words {
				if !slices.Contains(have, w) {
					return false
				}
			}
			return true
		}, nil
	},
	"updated_at": func(op, value string, quoted bool) (func(*variant) bool, error) {
		at, err := time.Parse("2006-01-02T15:04:05Z", value)
		if err != nil || !quoted || op != ">=" {
			return nil, fmt.Errorf("updated_at: %s%q", op, value)
		}
		return func(v *variant) bool { return !v.updated.Before(at) }, nil
	},
}

func (c *call) productVariants(args map[string]any) ([]keyed, error) {
	q, _ := args["query"].(string)
	match, err := parseSearch(q, variantTerms)
	if err != nil {
		return nil, &fail{code: "BAD_REQUEST", message: err.Error()}
	}
	if k := args["sortKey"]; k != nil && k != "ID" {
		return nil, &fail{code: "BAD_REQUEST", message: fmt.Sprintf("the stand-in does not sort by %v", k)}
	}
	var found []*variant
	for _, v := range c.shop.variants {
		if match(v) {
			found = append(found, v)
		}
	}
	return keyedBy(found, func(v *variant) int64 { return v.id }, c.variant), nil
}

const mostStock = 1_000_000_000

// setQuantities is inventorySetQuantities: all of a call or nothing, once for each key.
func (c *call) setQuantities(args map[string]any, key string) (any, error) {
	refuse := func(code, field, why string) (any, error) {
		return object{"InventorySetQuantitiesPayload", map[string]any{
			"inventoryAdjustmentGroup": nil,
			"userErrors":               userErrors("InventorySetQuantitiesUserError", map[string]any{"code": text(code), "field": strings.Split(field, "."), "message": why}),
		}}, nil
	}
	in := args["input"].(map[string]any)
	switch {
	case strings.TrimSpace(key) == "":
		return nil, &fail{code: "BAD_REQUEST", message: "The @idempotent directive is required for this mutation but was not provided."}
	case !c.shop.may("write_inventory"):
		return nil, &fail{code: "ACCESS_DENIED", message: "Access denied for inventorySetQuantities field. Required access: `write_inventory` access scope."}
	case in["name"] != "available" && in["name"] != "on_hand":
		return refuse("INVALID_NAME", "input.name", "The quantity name must be either available or on_hand.")
	case !slices.Contains([]string{"correction", "cycle_count_available", "received", "restock", "damaged", "shrinkage", "promotion", "other"}, in["reason"].(string)):
		return refuse("INVALID_REASON", "input.reason", "The specified reason is invalid.")
	}
	if uri, ok := in["referenceDocumentUri"].(string); ok && !strings.Contains(uri, "://") {
		return refuse("INVALID_REFERENCE_DOCUMENT", "input.referenceDocumentUri", "A URI with a scheme is expected.")
	}
	said, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	if was, ok := c.shop.done[key]; ok {
		if was.input != string(said) {
			return refuse("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "input", "The key was used with other values.")
		}
		return was.answer, nil
	}
	rows := in["quantities"].([]any)
	if len(rows) > 250 {
		return nil, &fail{code: "BAD_REQUEST", message: "at most 250 quantities"}
	}
	type set struct {
		v *variant
		l *level
		n int64
	}
	var sets []set
	seen := map[string]bool{}
	for i, x := range rows {
		row := x.(map[string]any)
		at := fmt.Sprintf("input.quantities.%d.", i)
		item, err := numberOf(row["inventoryItemId"], "InventoryItem")
		if err != nil {
			return refuse("INVALID_INVENTORY_ITEM", at+"inventoryItemId", "The inventory item does not exist.")
		}
		place, err := numberOf(row["locationId"], "Location")
		if err != nil || !slices.ContainsFunc(c.shop.locations, func(l *location) bool { return l.id == place }) {
			return refuse("INVALID_LOCATION", at+"locationId", "The location does not exist.")
		}
		v := slices.IndexFunc(c.shop.variants, func(v *variant) bool { return v.item == item })
		n := asInt64(row["quantity"])
		from, given := row["changeFromQuantity"]
		pair := fmt.Sprint(item, place)
		switch {
		case v < 0:
			return refuse("INVALID_INVENTORY_ITEM", at+"inventoryItemId", "The inventory item does not exist.")
		case c.shop.variants[v].untracked:
			return refuse("NON_MUTABLE_INVENTORY_ITEM", at+"inventoryItemId", "The inventory item is not tracked.")
		case c.shop.variants[v].levels[place] == nil:
			return refuse("ITEM_NOT_STOCKED_AT_LOCATION", at+"locationId", "The inventory item is not stocked at the location.")
		case n < 0:
			return refuse("INVALID_QUANTITY_NEGATIVE", at+"quantity", "The quantity can't be negative.")
		case n > mostStock:
			return refuse("INVALID_QUANTITY_TOO_HIGH", at+"quantity", "The quantity can't be higher than 1,000,000,000.")
		case !given:
			return nil, &fail{code: "BAD_REQUEST", message: "changeFromQuantity is required: a number, or null"}
		case seen[pair]:
			return refuse("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", at+"inventoryItemId", "The pair stands twice.")
		}
		seen[pair] = true
		l := c.shop.variants[v].levels[place]
		if c.m.faults.Stale {
			c.m.faults.Stale = false
			l.available--
		}
		have := l.available
		if in["name"] == "on_hand" {
			have += l.committed
		}
		if from != nil && asInt64(from) != have {
			return refuse("CHANGE_FROM_QUANTITY_STALE", at+"changeFromQuantity", "The change from quantity is not the quantity that is stored.")
		}
		if in["name"] == "on_hand" {
			n -= l.committed
		}
		sets = append(sets, set{c.shop.variants[v], l, n})
	}
	for _, x := range sets {
		x.l.available, x.v.updated = x.n, c.now.Truncate(time.Second)
	}
	group := object{"InventoryAdjustmentGroup", map[string]any{
		"id": gid("InventoryAdjustmentGroup", c.m.next()), "createdAt": stamp(c.now), "reason": in["reason"], "referenceDocumentUri": in["referenceDocumentUri"], "changes": []object{},
	}}
	out := object{"InventorySetQuantitiesPayload", map[string]any{"inventoryAdjustmentGroup": group, "userErrors": []object{}}}
	c.shop.done[key] = done{string(said), out}
	return out, nil
}
