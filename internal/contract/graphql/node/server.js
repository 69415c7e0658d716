// A GraphQL server over an official schema: node server.js SCHEMA.graphql.gz. It prints
// the port on which it listens.
//
//   POST /validate       says what is wrong with a request: [] for nothing
//   POST /subset         says what of a schema (the body) is not so in the official one
//   POST /mock?mode=M    answers a request with what it invents from the schema:
//        anything        any value that the types allow
//        nulls           as anything, but null wherever the schema allows it
//        shaped          values such as a shop could have
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  buildSchema, execute, getNamedType, getOperationAST, getVariableValues, isEnumType, isInputObjectType, isInterfaceType, isNonNullType, isObjectType, isUnionType, parse,
  validate, print, astFromValue,
} from "graphql";
import { addMocksToSchema, createMockStore } from "@graphql-tools/mock";

const official = buildSchema(gunzipSync(readFileSync(process.argv[2])).toString("utf8"), { assumeValidSDL: true });

// Numbers that come the same in every run.
let seed = 20260401;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
Math.random = random;
const whole = (least, most) => least + Math.floor(random() * (most - least + 1));
const pick = (list) => list[whole(0, list.length - 1)];
const day = () => `2026-0${whole(1, 3)}-${whole(10, 28)}T${whole(10, 23)}:${whole(10, 59)}:${whole(10, 59)}Z`;
const texts = ["見本", "髙﨑 花子", "0012", " two  words ", "O'Brien", "한글", "𠮷野🙂", "a\\b\"c", "line\nbreak", ""];

const scalars = {
  DateTime: day, Date: () => day().slice(0, 10), Decimal: () => `${whole(0, 99999)}.${pick(["0", "00", "5", "25"])}`, Money: () => `${whole(0, 99999)}.00`,
  UnsignedInt64: () => String(whole(1, 1e9)), URL: () => "https://shop.example/x", HTML: () => "<b>x</b>", JSON: () => ({}), Color: () => "#FF0000", ARN: () => "arn:x",
  BigInt: () => String(whole(1, 1e9)), FormattedString: () => "x", StorefrontID: () => "x", UtcOffset: () => "+09:00",
  String: () => pick(texts), Int: () => whole(-2, 9), Float: () => random(), ID: () => pick(["gid://shopify/Thing/", "x"]) + whole(1, 1e9), Boolean: () => random() < 0.5,
};

const id = (kind) => `gid://shopify/${kind}/${whole(1, 1e9)}`;
const some = (least, most) => [...Array(whole(least, most))];
const shaped = {
  ...scalars,
  Int: () => whole(1, 9),
  PageInfo: () => ({ hasNextPage: false, endCursor: null }),
  CurrencyCode: () => "JPY", CountryCode: () => pick(["JP", "KR", "US"]),
  MoneyV2: () => ({ amount: `${whole(0, 99999)}.${pick(["0", "00"])}`, currencyCode: "JPY" }),
  Money: () => `${whole(0, 99999)}`,
  Order: () => ({ id: id("Order"), name: `#${whole(1000, 99999)}`, currencyCode: "JPY", cancelledAt: pick([null, null, null, day()]), test: false, requiresShipping: true, updatedAt: "2026-03-19T23:30:00Z" }),
  LineItemConnection: () => ({ nodes: some(1, 4) }), LineItem: () => ({ id: id("LineItem"), quantity: whole(5, 9), currentQuantity: whole(1, 5) }),
  FulfillmentOrderConnection: () => ({ nodes: some(1, 2) }), FulfillmentOrder: () => ({ id: id("FulfillmentOrder") }), FulfillmentOrderLineItem: () => ({ id: id("FulfillmentOrderLineItem"), remainingQuantity: 0 }),
  Fulfillment: () => ({ id: id("Fulfillment") }), OrderConnection: () => ({ nodes: some(1, 3) }),
  ProductVariantConnection: () => ({ nodes: some(1, 5) }), ProductVariant: () => ({ id: id("ProductVariant") }), Product: () => ({ id: id("Product") }), InventoryItem: () => ({ id: id("InventoryItem") }),
  Location: () => ({ id: id("Location"), isActive: true }), Node: () => ({ __typename: "ProductVariant" }),
};

const stores = {};
for (const [mode, mocks] of Object.entries({ anything: scalars, shaped })) {
  const store = createMockStore({ schema: official, mocks });
  stores[mode] = { store, schema: addMocksToSchema({ schema: official, store }) };
}

function wrong(body) {
  const { query, variables = {}, operationName } = body;
  let doc;
  try {
    doc = parse(query);
  } catch (e) {
    return [e.message];
  }
  const errors = validate(official, doc).map((e) => e.message);
  if (errors.length > 0) return errors;
  const op = getOperationAST(doc, operationName);
  if (!op) return ["no operation, or several without operationName"];
  const known = (op.variableDefinitions ?? []).map((v) => v.variable.name.value);
  for (const name of Object.keys(variables)) if (!known.includes(name)) errors.push(`variable $${name} is not declared`);
  const { errors: bad } = getVariableValues(official, op.variableDefinitions ?? [], variables);
  return errors.concat((bad ?? []).map((e) => e.message));
}

async function mock(body, mode) {
  const { store, schema } = stores[mode === "shaped" ? "shaped" : "anything"];
  store.reset(); // what was invented before is not remembered
  const doc = parse(body.query);
  const got = await execute({ schema, document: doc, variableValues: body.variables ?? {}, operationName: body.operationName });
  if (mode === "shaped") {
    ordered(got.data?.orders?.nodes ?? [], body.variables?.query ?? "");
    stocked(got.data?.nodes ?? [], body.variables ?? {});
  }
  if (mode === "nulls" && got.data) {
    const op = getOperationAST(doc, body.operationName);
    const root = op.operation === "mutation" ? official.getMutationType() : official.getQueryType();
    // The outermost field stays: an order that is not there is another case.
    got.data = emptied(op.selectionSet, root, got.data, doc, true);
  }
  return got;
}

// ordered makes orders such that hang together: they are those that a search names, and
// something of most of them is to be shipped.
function ordered(nodes, query) {
  const names = [...query.matchAll(/name:'([^']*)'/g)].map((m) => m[1]);
  nodes.forEach((o, i) => {
    if (names.length > 0) o.name = names[i % names.length];
    const lines = o.lineItems?.nodes ?? [];
    const parcels = (o.fulfillments ?? []).map((f) => f.fulfillmentLineItems);
    for (const list of [...(o.fulfillmentOrders?.nodes ?? []).map((f) => f.lineItems), ...parcels])
      for (const l of list?.nodes ?? []) l.lineItem = { id: pick(lines).id };
    const first = o.fulfillmentOrders?.nodes?.[0];
    if (!first || i % 4 === 3) return;
    Object.assign(first, { status: "OPEN", fulfillmentHolds: [], supportedActions: [{ action: "CREATE_FULFILLMENT" }], deliveryMethod: { methodType: "SHIPPING" } });
    for (const l of first.lineItems?.nodes ?? []) l.remainingQuantity = 1;
    o.cancelledAt = null;
  });
  if (names.length > 0) nodes.length = Math.min(nodes.length, names.length);
}

// stocked makes variants those that were asked for, with the quantities that were.
function stocked(nodes, { ids = [], names = [] }) {
  nodes.length = Math.min(nodes.length, ids.length);
  nodes.forEach((v, i) => {
    v.id = ids[i];
    v.inventoryItem.tracked = true;
    v.inventoryItem.inventoryLevel?.quantities.forEach((q, j) => (q.name = names[j % names.length]));
  });
}

// emptied makes null what may be null.
function emptied(set, type, data, doc, keep) {
  const out = {};
  for (const s of set.selections) {
    if (s.kind === "FragmentSpread" || s.kind === "InlineFragment") {
      const f = s.kind === "InlineFragment" ? s : doc.definitions.find((d) => d.kind === "FragmentDefinition" && d.name.value === s.name.value);
      Object.assign(out, emptied(f.selectionSet, official.getType(f.typeCondition.name.value), data, doc, false));
      continue;
    }
    const name = (s.alias ?? s.name).value;
    if (!(name in data)) continue;
    const field = type.getFields()[s.name.value];
    const inside = (v) => (Array.isArray(v) ? v.map(inside) : v && s.selectionSet ? emptied(s.selectionSet, getNamedType(field.type), v, doc, false) : v);
    out[name] = isNonNullType(field.type) || keep ? inside(data[name]) : null;
  }
  return out;
}

function subset(text) {
  const part = buildSchema(text);
  const out = [];
  const value = (v, type) => (v === undefined ? "none" : print(astFromValue(v, type)));
  const args = (at, mine, theirs) => {
    for (const a of mine) {
      const b = theirs.find((x) => x.name === a.name);
      if (!b) out.push(`${at}(${a.name}): no such argument`);
      else if (String(a.type) !== String(b.type) || value(a.defaultValue, a.type) !== value(b.defaultValue, b.type)) out.push(`${at}(${a.name}): ${a.type}, not ${b.type}`);
    }
    for (const b of theirs) if (!mine.find((a) => a.name === b.name)) out.push(`${at}(${b.name}) is missing`);
  };
  for (const t of Object.values(part.getTypeMap())) {
    if (t.name.startsWith("__")) continue;
    const o = official.getType(t.name);
    if (!o || o.constructor.name !== t.constructor.name) {
      out.push(`${t.name}: no such type`);
      continue;
    }
    if (isEnumType(t)) {
      const mine = t.getValues().map((v) => v.name).sort().join(), theirs = o.getValues().map((v) => v.name).sort().join();
      if (mine !== theirs) out.push(`${t.name}: other values`);
    }
    if (isUnionType(t)) out.push(`${t.name}: a union is not compared`);
    if (!isObjectType(t) && !isInterfaceType(t) && !isInputObjectType(t)) continue;
    for (const i of t.getInterfaces?.() ?? []) if (!o.getInterfaces().find((x) => x.name === i.name)) out.push(`${t.name} is no ${i.name}`);
    for (const f of Object.values(t.getFields())) {
      const g = o.getFields()[f.name];
      if (!g) out.push(`${t.name}.${f.name}: no such field`);
      else if (String(f.type) !== String(g.type)) out.push(`${t.name}.${f.name}: ${f.type}, not ${g.type}`);
      else if (f.args) args(`${t.name}.${f.name}`, f.args, g.args);
    }
  }
  for (const d of part.getDirectives()) {
    const o = official.getDirective(d.name);
    if (o && ["deprecated", "skip", "include", "specifiedBy", "oneOf"].includes(d.name)) continue;
    if (!o || o.locations.join() !== d.locations.join()) out.push(`@${d.name}: no such directive there`);
    else args(`@${d.name}`, d.args, o.args);
  }
  return out;
}

createServer((req, res) => {
  const parts = [];
  req.on("data", (c) => parts.push(c));
  req.on("end", async () => {
    const url = new URL(req.url, "http://x");
    const text = Buffer.concat(parts).toString("utf8");
    let status = 200, out;
    try {
      if (url.pathname === "/subset") out = subset(text);
      else if (url.pathname === "/validate") out = wrong(JSON.parse(text));
      else out = await mock(JSON.parse(text), url.searchParams.get("mode"));
    } catch (e) {
      status = 500;
      out = { error: String(e.stack ?? e) };
    }
    res.writeHead(status, { "Content-Type": "application/json" });
    res.end(JSON.stringify(out));
  });
}).listen(0, "127.0.0.1", function () {
  console.log(`listening on ${this.address().port}`);
});
