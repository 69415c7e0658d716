// Package docs holds no code. Its tests run the commands of the READMEs, make
// reasons.md and what is made of formats.md and the READMEs, and keep the pages in
// step with the program.
package docs

//go:generate go test -run "^(TestReasons|TestAlerts|TestMetrics|TestCodePage|TestFormatLists|TestFormatPages|TestMallPages|TestReadmeMalls|TestReadmeDemo|TestSettings)$" -update .
