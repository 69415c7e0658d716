// Package rules runs a shop's own rules over packages: hold, route, change the
// delivery service, add an insert, merge or never merge, leave outside, note,
// ship not before a date, split.
//
//	rules:
//	  - name: 沖縄は確認
//	    when: prefecture == "沖縄県" && weight > 5000
//	    hold: 沖縄の大型便は送料を確認する
//	  - name: cold goods from Osaka
//	    when: any(skus, .temperature == "frozen")
//	    route: osaka
//
// Rules run in the order in which they stand. Each has one condition in the expr
// language over the values of [Env] and one effect. What a rule routes or
// changes is seen by the rules after it; a rule that leaves a package outside
// ends the run. Each effect is an [Event], so that every order can tell which
// rule did what.
//
// A condition sees no clock, network or file; it is limited in size, nesting and
// memory. One that cannot be evaluated holds its package and no other.
package rules
