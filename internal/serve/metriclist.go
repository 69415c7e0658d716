package serve

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// A Metric is one of those that /metrics shows, as docs/metrics.md describes it.
type Metric struct {
	Name   string
	Type   string // gauge, counter, histogram
	Labels []string
	Help   string // what it is
	Do     string // what it means when it moves, and what to do
	// Local ones are of this process; on several machines each shows its own. The
	// others come from the ledger or the queue, and every machine shows the same.
	Local bool
}

var callLabels = []string{"mall", "account", "call"}

// Metrics lists every metric of ours. Labels hold names of stages, accounts,
// warehouses, malls, calls, states and reasons, never anything of an order.
var Metrics = []Metric{
	{
		Name: "mallbridge_ledger_up", Type: "gauge", Help: "1 if the ledger answered, else 0.", Local: true,
		Do: "0: the ledger cannot be read, and nothing runs. The other values that come from it are missing or old. `mallbridge doctor` names the cause: the disk, the rights, a damaged file, a database server that is away.",
	},
	{
		Name: "mallbridge_ledger_bytes", Type: "gauge", Help: "Size of the ledger: SQLite's files, or the database of PostgreSQL.",
		Do: "It grows with the orders and gets its room back by the purge. When it grows faster than orders come, look whether the purge runs (`mallbridge runs --stage purge`).",
	},
	{
		Name: "mallbridge_last_backup_timestamp_seconds", Type: "gauge", Help: "When mallbridge backup last succeeded; 0 if never.",
		Do: "Older than a day or two: the job that makes backups does not run. Make one now (`mallbridge backup FILE`), then mend the job. Of a PostgreSQL ledger that is backed up with PostgreSQL's tools it stays 0; leave its alert out there.",
	},
	{
		Name: "mallbridge_disk_free_bytes", Type: "gauge", Labels: []string{"folder"}, Help: "Room on the file system of a folder of the workspace, for this user.", Local: true,
		Do: "When it comes near 0, files cannot be written and the stages fail until there is room; nothing is lost. Free room: old backups, `mallbridge purge`, copies of the ledger before upgrades (`mallbridge doctor` lists them).",
	},
	{
		Name: "mallbridge_disk_free_files", Type: "gauge", Labels: []string{"folder"}, Help: "How many files (inodes) may still be made there; -1 where there is no limit.", Local: true,
		Do: "As for bytes. Many small files in archive/ use inodes up first: `mallbridge purge`, or a file system without a limit.",
	},
	{
		Name: "mallbridge_build_info", Type: "gauge", Labels: []string{"version", "revision", "go"}, Help: "Always 1; the labels say what runs.", Local: true,
		Do: "Two versions at the same time over one PostgreSQL: the upgrade is not finished everywhere. Finish it.",
	},

	{
		Name: "mallbridge_orders", Type: "gauge", Labels: []string{"account", "state", "reason"}, Help: "Orders in the ledger by account, state and first reason.",
		Do: "`state=\"held\"` by reason is what waits for people: `mallbridge holds`, and [reasons.md](reasons.md) for each reason. `seen` that does not fall: the plan stage does not run or fails (`mallbridge runs --stage plan`). `recheck` are orders that their mall changed after they were planned.",
	},
	{
		Name: "mallbridge_oldest_waiting_order_seconds", Type: "gauge", Labels: []string{"account"}, Help: "Age of the oldest order that is not planned yet or on hold; 0 if there is none.",
		Do: "It grows while a hold stays. After a day a buyer notices: `mallbridge holds`, repair the cause or release.",
	},
	{
		Name: "mallbridge_instructions", Type: "gauge", Labels: []string{"warehouse", "state"}, Help: "Instructions that are not shipped: ready for a file, claimed by one, refused or stopped by the warehouse.",
		Do: "`ready` that stays over a cut-off: no file was dropped; see `mallbridge batches` and mallbridge_next_cut_off_timestamp_seconds. `claimed` that only grows: results do not come back; look into the folder of results and ask the warehouse. `refused`: `mallbridge holds`.",
	},
	{
		Name: "mallbridge_oldest_unshipped_instruction_seconds", Type: "gauge", Labels: []string{"warehouse"}, Help: "Age of the oldest instruction that is ready or claimed and not shipped; 0 if there is none.",
		Do: "Longer than the warehouse's time to ship: `mallbridge alerts` (no_ack, no_result) names the file; ask the warehouse. With mallbridge_oldest_waiting_order_seconds it is the age of the oldest unshipped order.",
	},
	{
		Name: "mallbridge_next_cut_off_timestamp_seconds", Type: "gauge", Labels: []string{"warehouse"}, Help: "When the warehouse's next cut-off is; 0 if it has none.",
		Do: "Less than half an hour away while mallbridge_instructions{state=\"ready\"} is not 0: look why the file waits (`mallbridge batches`, `mallbridge alerts`): approval, the volume brake, a mall that does not answer, a drop that fails.",
	},

	{
		Name: "mallbridge_batches", Type: "gauge", Labels: []string{"warehouse", "state"}, Help: "Batches that are not delivered: open or in_doubt.",
		Do: "`in_doubt` is never sent again by itself: ask the warehouse for the file by its name, then `mallbridge batches resolve` ([A batch is in doubt](operations.md#a-batch-is-in-doubt)). `open` for long: the drop fails or approval is wanted.",
	},
	{
		Name: "mallbridge_drop_errors_total", Type: "counter", Labels: []string{"warehouse", "class"}, Help: "Runs that failed at a drop: temporary, config (login, host key, rights) or refused.", Local: true,
		Do: "`temporary` is tried again by itself; if it goes on, `mallbridge warehouse test W`. `config` needs somebody: a password, a host key, rights ([A drop fails](operations.md#a-drop-fails)).",
	},
	{
		Name: "mallbridge_refused_rows_total", Type: "counter", Labels: []string{"target"}, Help: "Refused rows of files from an account or warehouse.",
		Do: "It rises: rows of a sheet could not be read. `mallbridge files`; mend the file in rejected/ and drop it again ([Rows were refused](operations.md#rows-were-refused)). Many at once: the mall or the warehouse changed its layout.",
	},

	{
		Name: "mallbridge_orders_read_timestamp_seconds", Type: "gauge", Labels: []string{"account"}, Help: "When an account's orders were last read by API, whole.",
		Do: "Older than some times its pace: the mall is not asked, or does not answer. `mallbridge runs --stage extract --target A`, `mallbridge account test A`. What was not read stays open and is read afterwards.",
	},
	{
		Name: "mallbridge_orders_read_until_timestamp_seconds", Type: "gauge", Labels: []string{"account"}, Help: "The instant of mall time up to which an account's orders were read.",
		Do: "The distance from now is by how much orders may be missing here. It normally stays within minutes of the pace.",
	},
	{
		Name: "mallbridge_window_gaps", Type: "gauge", Labels: []string{"account"}, Help: "Spans of time between windows that nobody has read yet.",
		Do: "Not 0 for longer than an hour: the reading of the past does not get on, and some malls answer for some weeks only. `mallbridge account windows A`, `mallbridge alerts --kind window_gap`.",
	},
	{
		Name: "mallbridge_window_gap_seconds", Type: "gauge", Labels: []string{"account"}, Help: "Length of these spans together.",
		Do: "It should fall. See mallbridge_window_gaps.",
	},
	{
		Name: "mallbridge_windows_lost", Type: "gauge", Labels: []string{"account"}, Help: "Spans of time that the mall no longer tells; they stay.",
		Do: "It rose: orders of that span may be missing. Compare with the mall's back office by hand, and take them by a sheet (`mallbridge ingest`).",
	},
	{
		Name: "mallbridge_key_days_left", Type: "gauge", Labels: []string{"account"}, Help: "Days until the account's keys end, as far as that is known; negative once they ended.",
		Do: "Below 14: get a new key, put it beside the old one and test both ([Keys of malls](operations.md#keys-of-malls)). Accounts without it have keys of which nobody knows an end.",
	},

	{
		Name: "mallbridge_mall_calls_total", Type: "counter", Labels: callLabels, Help: "Calls of a mall's API, repeats included.", Local: true,
		Do: "The base of the rates below. It stops: the account is not run, or its login is refused (`mallbridge account list`).",
	},
	{
		Name: "mallbridge_mall_calls_repeated_total", Type: "counter", Labels: callLabels, Help: "Calls that were repeats of one that failed.", Local: true,
		Do: "Some are usual. Many: the mall is unwell, or the connection is.",
	},
	{
		Name: "mallbridge_mall_calls_failed_total", Type: "counter", Labels: callLabels, Help: "Calls that failed.", Local: true,
		Do: "More than one in ten for a quarter of an hour: look at the mall's status page and at `mallbridge runs`. Writes without an answer are asked about before they are tried again; nothing has to be done twice by hand.",
	},
	{
		Name: "mallbridge_mall_calls_throttled_total", Type: "counter", Labels: callLabels, Help: "Calls that the mall refused as too many (429).", Local: true,
		Do: "Another program uses the same keys, or the mall lowered its limit. Give each program its own keys, or read less often (`api.every`).",
	},
	{
		Name: "mallbridge_mall_reply_bytes_total", Type: "counter", Labels: callLabels, Help: "Bytes of replies.", Local: true,
		Do: "For sizing of the archive, which keeps replies.",
	},
	{
		Name: "mallbridge_mall_pace_seconds_total", Type: "counter", Labels: callLabels, Help: "Time that calls waited for the account's pace.", Local: true,
		Do: "When it grows by nearly a second each second, the account asks as often as its mall allows: it has more to read than there is room for. Read less often, or fewer days back (`nightly.days`).",
	},
	{
		Name: "mallbridge_mall_call_seconds_total", Type: "counter", Labels: callLabels, Help: "Time until replies were whole.", Local: true,
		Do: "Divided by mallbridge_mall_calls_total it is the mean time of an answer. A mall that has become slow keeps workers: set `limits.mall_jobs`.",
	},

	{
		Name: "mallbridge_reports", Type: "gauge", Labels: []string{"account", "state"}, Help: "Parcels of which malls have to be told, by account and state; seen are proven.",
		Do: "`rejected`, `held`, `upload` and `revoked` wait for people: `mallbridge reports`, `mallbridge uploads`.",
	},
	{
		Name: "mallbridge_late_reports", Type: "gauge", Labels: []string{"account"}, Help: "Parcels that a mall takes longer to accept or show than it may.",
		Do: "Buyers and the mall's ratings see it. [A mall was not told of a tracking number](operations.md#a-mall-was-not-told-of-a-tracking-number).",
	},
	{
		Name: "mallbridge_oldest_unproven_report_seconds", Type: "gauge", Labels: []string{"account"}, Help: "Age of the oldest parcel that a mall has to be told of and does not show; 0 if there is none.",
		Do: "Malls count late shipments in hours. See mallbridge_late_reports.",
	},
	{
		Name: "mallbridge_alerts", Type: "gauge", Labels: []string{"kind", "target", "level"}, Help: "Open alerts by kind, account or warehouse, and level (red, warning).",
		Do: "`mallbridge alerts` has each with who must act and what to do; all kinds are in [alerts.md](alerts.md). An alert ends by itself when its cause is gone.",
	},

	{
		Name: "mallbridge_stage_runs_total", Type: "counter", Labels: []string{"stage", "target", "outcome"}, Help: "Runs of a stage on an account or warehouse, by outcome: ok, nothing, waiting, failed, busy, stopped.", Local: true,
		Do: "`failed` in a row: `mallbridge runs --stage S --target T` has the error and its hint. A failed job is tried again after 15 seconds, doubling up to 10 minutes. `busy` is harmless.",
	},
	{
		Name: "mallbridge_stage_duration_seconds", Type: "histogram", Labels: []string{"stage"}, Help: "How long runs of a stage took.", Local: true,
		Do: "extract follows the mall's answers, instruct and collect the drop's, plan the number of new orders. A stage that takes longer than its schedule keeps the next run waiting.",
	},
	{
		Name: "mallbridge_stage_last_success_timestamp_seconds", Type: "gauge", Labels: []string{"stage", "target"}, Help: "When a stage last succeeded on a target in this process.", Local: true,
		Do: "Older than three times the schedule: `/healthz` says so too. `mallbridge runs` names the error. On several machines take the maximum over all.",
	},
	{
		Name: "mallbridge_jobs", Type: "gauge", Labels: []string{"stage", "state"}, Help: "Jobs that are not done, by stage and state: ready, waiting, running.",
		Do: "`ready` that grows: too few workers, or a stage that hangs. `waiting` are put off or wait for their next try after a failure. More machines: [scale-out.md](scale-out.md).",
	},
	{
		Name: "mallbridge_oldest_job_seconds", Type: "gauge", Labels: []string{"stage"}, Help: "For how long the oldest due job of a stage has not been begun; 0 if none is due.",
		Do: "Minutes: the workers of the stage are all taken. See mallbridge_stage_duration_seconds for what takes long, and `limits.mall_jobs` if it is one mall.",
	},
	{
		Name: "mallbridge_jobs_failing", Type: "gauge", Labels: []string{"stage"}, Help: "Jobs that failed and wait for their next try.",
		Do: "`mallbridge runs --stage S` has the errors. SIGHUP (`systemctl reload mallbridge`) lets them be tried at once after a repair.",
	},
}

// descOf makes the description of a metric that is listed.
func descOf(name string) *prometheus.Desc {
	m := metricOf(name)
	return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
}

func metricOf(name string) *Metric {
	for i := range Metrics {
		if Metrics[i].Name == name {
			return &Metrics[i]
		}
	}
	panic(fmt.Sprintf("serve: the metric %s is not listed", name))
}
