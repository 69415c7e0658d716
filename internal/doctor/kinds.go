package doctor

import "fmt"

// A Kind is a kind of finding: what was looked at, how bad it is, its text and what to
// do, each in English, Japanese and Korean. {subject}, {1}, {2} … stand for the values
// of a finding.
type Kind struct {
	Name  string // clock_back
	Check string // clock
	State State
	Text  [3]string
	Do    [3]string // empty where all is well
}

// lookup returns a kind by its name; there must be one.
func lookup(name string) *Kind {
	for i := range Kinds {
		if Kinds[i].Name == name {
			return &Kinds[i]
		}
	}
	panic(fmt.Sprintf("doctor: there is no kind %s", name))
}

// Kinds lists every kind of finding, in the order in which things are looked at.
var Kinds = []Kind{
	{"config_ok", "configuration", OK, [3]string{
		"no findings; accounts: {1}, warehouses: {2}",
		"問題ありません。店舗アカウント: {1}、倉庫: {2}",
		"문제 없습니다. 스토어 계정: {1}, 창고: {2}",
	}, [3]string{}},
	{"config_warning", "configuration", Warning, [3]string{"{subject}: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"look at it, change the file if it is not meant so, then: mallbridge check. {2}",
		"内容を確認し、意図と異なれば設定を直してください。その後: mallbridge check。{2}",
		"내용을 확인하고 의도와 다르면 설정을 고치세요. 그다음: mallbridge check. {2}",
	}},
	{"config_error", "configuration", Error, [3]string{"{subject}: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"correct the file, then: mallbridge check. Keys, host keys and malls are looked at once nothing is wrong here. {2}",
		"設定を直してから: mallbridge check。キー・ホスト鍵・モールは、設定の誤りがなくなってから確認します。{2}",
		"설정을 고친 뒤: mallbridge check. 키, 호스트 키, 쇼핑몰은 설정 오류가 없어진 다음에 확인합니다. {2}",
	}},
	{"versions", "versions", OK, [3]string{"mallbridge {1}, {2}, {3}", "mallbridge {1}、{2}、{3}", "mallbridge {1}, {2}, {3}"}, [3]string{}},
	{"language", "language", OK, [3]string{"messages are in {1}", "メッセージの言語: {1}", "메시지 언어: {1}"}, [3]string{}},
	{"charset", "language", Warning, [3]string{
		"{subject}={1}: this terminal does not use UTF-8",
		"{subject}={1}: この端末の文字コードはUTF-8ではありません",
		"{subject}={1}: 이 터미널은 UTF-8을 쓰지 않습니다",
	}, [3]string{
		"set it to a locale with UTF-8, such as ja_JP.UTF-8, or Japanese and Korean letters come out wrong",
		"ja_JP.UTF-8 などUTF-8のロケールにしてください。日本語・韓国語が文字化けします",
		"ko_KR.UTF-8 같은 UTF-8 로캘로 바꾸세요. 한글과 일본어가 깨집니다",
	}},
	{"zones_ok", "time zones", OK, [3]string{"{1}", "{1}", "{1}"}, [3]string{}},
	{"zone_missing", "time zones", Error, [3]string{
		"{subject} cannot be read: {1}",
		"{subject} を読み込めません: {1}",
		"{subject}을(를) 읽을 수 없습니다: {1}",
	}, [3]string{
		"write an IANA name such as Asia/Tokyo; if it is one, unset ZONEINFO or install the package tzdata anew",
		"Asia/Tokyo のようなIANA名を書いてください。正しい名前であれば、環境変数ZONEINFOを消すか、tzdataを入れ直してください",
		"Asia/Seoul 같은 IANA 이름을 쓰세요. 이름이 맞다면 환경변수 ZONEINFO를 없애거나 tzdata를 다시 설치하세요",
	}},
	{"zone_wrong", "time zones", Error, [3]string{
		"{subject} is {1} from UTC here; it must be +09:00",
		"{subject} のUTCとの差が {1} になっています（正しくは +09:00）",
		"{subject}의 UTC 차이가 {1}로 되어 있습니다 (올바른 값은 +09:00)",
	}, [3]string{
		"the zone files are damaged: unset ZONEINFO, or install the package tzdata anew; until then times of orders and cut-offs are wrong",
		"タイムゾーンのデータが壊れています。環境変数ZONEINFOを消すか、tzdataを入れ直してください。それまで受注時刻と締め時刻がずれます",
		"시간대 데이터가 손상되었습니다. 환경변수 ZONEINFO를 없애거나 tzdata를 다시 설치하세요. 그때까지 주문 시각과 마감 시각이 틀립니다",
	}},
	{"folders_ok", "folders", OK, [3]string{
		"folders that this user can write: {1}, which are all",
		"書き込めるフォルダ: {1}（すべて）",
		"쓸 수 있는 폴더: {1} (전부)",
	}, [3]string{}},
	{"other_user", "folders", Warning, [3]string{
		"{subject} belongs to {1}, and this is {2}",
		"{subject} の所有者は {1} ですが、実行しているのは {2} です",
		"{subject}의 소유자는 {1}인데 실행한 사용자는 {2}입니다",
	}, [3]string{
		"run the program as its own user, or it makes files that the other cannot change: sudo -u {1} mallbridge doctor",
		"所有者として実行してください。別のユーザーで作ったファイルは変更できなくなります: sudo -u {1} mallbridge doctor",
		"소유자로 실행하세요. 다른 사용자로 만든 파일은 바꿀 수 없게 됩니다: sudo -u {1} mallbridge doctor",
	}},
	{"open_to_all", "folders", Warning, [3]string{
		"everybody on this machine can read {subject}, which holds personal data",
		"この機器の全ユーザーが {subject}（個人情報を含む）を読めます",
		"이 컴퓨터의 모든 사용자가 {subject}(개인정보 포함)을 읽을 수 있습니다",
	}, [3]string{"chmod 750 {subject}", "chmod 750 {subject}", "chmod 750 {subject}"}},
	{"folder_unreadable", "folders", Error, [3]string{
		"{subject} cannot be reached by {1}",
		"{1} は {subject} に到達できません",
		"{1}은(는) {subject}에 접근할 수 없습니다",
	}, [3]string{
		"give {1} the right to enter it and the folders above it (chmod, chown), then run doctor again",
		"{1} がそのフォルダと上位のフォルダに入れるようにしてください（chmod、chown）。その後 doctor をもう一度",
		"{1}이(가) 그 폴더와 상위 폴더에 들어갈 수 있게 하세요 (chmod, chown). 그다음 doctor를 다시 실행하세요",
	}},
	{"folder_is_file", "folders", Error, [3]string{
		"{subject} is no folder",
		"{subject} はフォルダではありません",
		"{subject}은(는) 폴더가 아닙니다",
	}, [3]string{
		"move it away, or name another folder in mallbridge.yaml",
		"移動するか、mallbridge.yaml で別のフォルダを指定してください",
		"옮기거나 mallbridge.yaml에 다른 폴더를 지정하세요",
	}},
	{"folder_unwritable", "folders", Error, [3]string{
		"{subject} cannot be written by {1}",
		"{1} は {subject} に書き込めません",
		"{1}은(는) {subject}에 쓸 수 없습니다",
	}, [3]string{
		"sudo chown -R {1} {subject}; if it lies on a read-only file system, or a systemd unit shuts it off, allow it there (ReadWritePaths=)",
		"sudo chown -R {1} {subject}。読み取り専用のファイルシステムや systemd の制限の場合は、そちらで許可してください（ReadWritePaths=）",
		"sudo chown -R {1} {subject}. 읽기 전용 파일 시스템이거나 systemd가 막고 있다면 그쪽에서 허용하세요 (ReadWritePaths=)",
	}},
	{"disk_ok", "disk", OK, [3]string{
		"{subject}: {1} of {2} free, room for files: {3}",
		"{subject}: 空き {1} / {2}、作成できるファイル数: {3}",
		"{subject}: 여유 {1} / {2}, 만들 수 있는 파일 수: {3}",
	}, [3]string{}},
	{"disk_low", "disk", Warning, [3]string{
		"{subject}: only {1} of {2} free, room for files: {3}",
		"{subject}: 空きが少なくなっています: {1} / {2}、作成できるファイル数: {3}",
		"{subject}: 여유가 적습니다: {1} / {2}, 만들 수 있는 파일 수: {3}",
	}, [3]string{
		"free room or make the disk larger: old backups first, then mallbridge purge; retention says how long files stay",
		"空きを作るかディスクを増やしてください。まず古いバックアップ、次に mallbridge purge。保存期間は retention で決まります",
		"공간을 비우거나 디스크를 늘리세요. 먼저 오래된 백업, 그다음 mallbridge purge. 보존 기간은 retention이 정합니다",
	}},
	{"disk_full", "disk", Error, [3]string{
		"{subject}: {1} of {2} free, room for files: {3}",
		"{subject}: 空きがほとんどありません: {1} / {2}、作成できるファイル数: {3}",
		"{subject}: 여유가 거의 없습니다: {1} / {2}, 만들 수 있는 파일 수: {3}",
	}, [3]string{
		"free room now: nothing is read or sent when it is full; nothing is lost either, and the work goes on by itself",
		"すぐに空きを作ってください。満杯になると受信も送信も止まります。失われるものはなく、空きができれば自動で再開します",
		"지금 공간을 비우세요. 가득 차면 수신도 전송도 멈춥니다. 잃는 것은 없고, 공간이 생기면 저절로 다시 진행됩니다",
	}},
	{"secrets_ok", "secrets", OK, [3]string{
		"references that can be read: {1}, which are all",
		"読み取れる秘密情報の参照: {1}（すべて）",
		"읽을 수 있는 비밀 참조: {1} (전부)",
	}, [3]string{}},
	{"secret_open", "secrets", Error, [3]string{
		"{subject}: {1}",
		"{subject}: {1}",
		"{subject}: {1}",
	}, [3]string{
		"let its owner alone read it, as the program's user: chmod 600 {2}",
		"プログラムのユーザーだけが読めるようにしてください: chmod 600 {2}",
		"프로그램 사용자만 읽을 수 있게 하세요: chmod 600 {2}",
	}},
	{"secret_missing", "secrets", Error, [3]string{
		"{subject}: {1}",
		"{subject}: {1}",
		"{subject}: {1}",
	}, [3]string{
		"{2}; then: mallbridge secret check",
		"参照先に値を入れてください（環境変数、ファイル、age）。その後: mallbridge secret check",
		"참조하는 곳에 값을 넣으세요 (환경변수, 파일, age). 그다음: mallbridge secret check",
	}},
	{"ledger_ok", "ledger", OK, [3]string{
		"{subject}: {1}, schema {2}, {3}",
		"{subject}: {1}、スキーマ {2}、{3}",
		"{subject}: {1}, 스키마 {2}, {3}",
	}, [3]string{}},
	{"ledger_none", "ledger", OK, [3]string{
		"{subject}: there is none yet; the first run makes it",
		"{subject}: まだありません。最初の実行時に作られます",
		"{subject}: 아직 없습니다. 처음 실행할 때 만들어집니다",
	}, [3]string{}},
	{"ledger_unreachable", "ledger", Error, [3]string{
		"{subject}: {1}",
		"{subject}: {1}",
		"{subject}: {1}",
	}, [3]string{
		"nothing runs without it. {2}",
		"これがないと何も動きません。{2}",
		"이것이 없으면 아무것도 동작하지 않습니다. {2}",
	}},
	{"ledger_damaged", "ledger", Error, [3]string{
		"{subject} is damaged: {1}",
		"{subject} が壊れています: {1}",
		"{subject}이(가) 손상되었습니다: {1}",
	}, [3]string{
		"stop serve, keep a copy of the file, look at the disk; then mallbridge restore the last backup, and run watch and run reconcile before anything is sent",
		"serve を止め、ファイルの写しを残し、ディスクを調べてください。その後、最後のバックアップを mallbridge restore で戻し、送信の前に run watch と run reconcile を実行します",
		"serve를 멈추고 파일 사본을 남기고 디스크를 점검하세요. 그다음 마지막 백업을 mallbridge restore로 되돌리고, 보내기 전에 run watch와 run reconcile을 실행하세요",
	}},
	{"schema_old", "ledger", Warning, [3]string{
		"{subject} has schema {1}; this program works with {2}",
		"{subject} のスキーマは {1}、このプログラムは {2} を使います",
		"{subject}의 스키마는 {1}, 이 프로그램은 {2}를 씁니다",
	}, [3]string{
		"the next start brings it up to date and keeps a copy of a SQLite ledger beside it; of PostgreSQL make a copy first. On several machines stop the older program everywhere",
		"次の起動時に更新されます（SQLiteは写しが残ります。PostgreSQLは先に写しを取ってください）。複数台の場合は、旧版をすべて止めてください",
		"다음 시작 때 갱신됩니다 (SQLite는 사본이 남습니다. PostgreSQL은 먼저 사본을 만드세요). 여러 대라면 이전 버전을 모두 멈추세요",
	}},
	{"schema_new", "ledger", Error, [3]string{
		"{subject} has schema {1}; this program knows only {2}",
		"{subject} のスキーマ {1} は、このプログラム（{2} まで）より新しいものです",
		"{subject}의 스키마 {1}은(는) 이 프로그램({2}까지)보다 새것입니다",
	}, [3]string{
		"install the newer program again, or restore the backup made before the upgrade",
		"新しい版を入れ直すか、更新前のバックアップを戻してください",
		"새 버전을 다시 설치하거나 업그레이드 전 백업을 되돌리세요",
	}},
	{"log_large", "ledger", Warning, [3]string{
		"{subject}: its write-ahead log has grown to {1}",
		"{subject}: 先行書き込みログが {1} になっています",
		"{subject}: 미리 쓰기 로그가 {1}까지 커졌습니다",
	}, [3]string{
		"something has been reading the ledger for very long, such as a backup or another program: let it end, or start serve anew",
		"長時間読み続けている処理（バックアップや他のプログラム）があります。終わらせるか、serve を再起動してください",
		"오랫동안 읽고 있는 작업(백업이나 다른 프로그램)이 있습니다. 끝내거나 serve를 다시 시작하세요",
	}},
	{"postgres_unsafe", "ledger", Error, [3]string{
		"PostgreSQL runs with {subject} = off: what it has confirmed may be gone after a crash",
		"PostgreSQLが {subject} = off で動いています。確定したはずのデータが障害で失われることがあります",
		"PostgreSQL이 {subject} = off로 동작합니다. 확정된 데이터가 장애로 사라질 수 있습니다",
	}, [3]string{
		"set {subject} = on in postgresql.conf and reload it; the promise that nothing is sent twice rests on it",
		"postgresql.conf で {subject} = on にして再読込してください。二重送信をしない約束はこれに依存します",
		"postgresql.conf에서 {subject} = on으로 하고 다시 읽게 하세요. 두 번 보내지 않는다는 약속이 여기에 달려 있습니다",
	}},
	{"postgres_charset", "ledger", Error, [3]string{
		"the database has the charset {subject}",
		"データベースの文字コードが {subject} です",
		"데이터베이스 문자셋이 {subject}입니다",
	}, [3]string{
		"make a database with ENCODING 'UTF8' and migrate to it; others lack letters",
		"ENCODING 'UTF8' のデータベースを作り、移行してください。他の文字コードでは文字が足りません",
		"ENCODING 'UTF8'로 데이터베이스를 만들어 옮기세요. 다른 문자셋에는 없는 글자가 있습니다",
	}},
	{"postgres_old", "ledger", Error, [3]string{
		"PostgreSQL {subject} is older than 15",
		"PostgreSQL {subject} は15より古い版です",
		"PostgreSQL {subject}은(는) 15보다 오래되었습니다",
	}, [3]string{"upgrade the server to version 15 or later", "15以降に更新してください", "15 이상으로 업그레이드하세요"}},
	{"queue_damaged", "ledger", Error, [3]string{
		"{subject}, the queue of jobs, is damaged: {1}",
		"ジョブの待ち行列 {subject} が壊れています: {1}",
		"작업 대기열 {subject}이(가) 손상되었습니다: {1}",
	}, [3]string{
		"stop serve, remove {subject} with its -wal and -shm, and start serve: what is due is found in the ledger",
		"serve を止め、{subject} と -wal・-shm を削除して起動してください。必要なジョブは台帳から作り直されます",
		"serve를 멈추고 {subject}와 -wal, -shm을 지운 뒤 시작하세요. 할 일은 원장에서 다시 찾습니다",
	}},
	{"clock_forward", "clock", OK, [3]string{
		"nothing that was recorded lies in the future",
		"記録された時刻に未来のものはありません",
		"기록된 시각 중 미래인 것은 없습니다",
	}, [3]string{}},
	{"clock_back", "clock", Error, [3]string{
		"the clock shows {1}, but {2} was recorded already",
		"時計は {1} ですが、{2} の記録がすでにあります",
		"시계는 {1}인데 {2}의 기록이 이미 있습니다",
	}, [3]string{
		"set the clock and keep it right: timedatectl set-ntp true",
		"時計を合わせ、自動同期を有効にしてください: timedatectl set-ntp true",
		"시계를 맞추고 자동 동기화를 켜세요: timedatectl set-ntp true",
	}},
	{"clock_ok", "clock", OK, [3]string{
		"the clock differs from that of {subject} by {1}",
		"{subject} の時計との差: {1}",
		"{subject}의 시계와의 차이: {1}",
	}, [3]string{}},
	{"clock_off", "clock", Warning, [3]string{
		"the clock differs from that of {subject} by {1}",
		"{subject} の時計と {1} ずれています",
		"{subject}의 시계와 {1} 어긋납니다",
	}, [3]string{
		"keep this machine's clock right (timedatectl set-ntp true); if it is, tell whoever runs the other one",
		"この機器の時計を自動同期してください（timedatectl set-ntp true）。合っていれば、相手側の管理者に知らせてください",
		"이 컴퓨터의 시계를 자동 동기화하세요 (timedatectl set-ntp true). 맞다면 상대편 관리자에게 알리세요",
	}},
	{"clock_wrong", "clock", Error, [3]string{
		"the clock differs from that of {subject} by {1}",
		"{subject} の時計と {1} ずれています",
		"{subject}의 시계와 {1} 어긋납니다",
	}, [3]string{
		"set the clock now (timedatectl set-ntp true): leases are lost to other machines, malls refuse signatures, windows of orders are read at the wrong time",
		"すぐに時計を合わせてください（timedatectl set-ntp true）。処理を他の機器に奪われ、モールが署名を拒否し、受注の取得期間がずれます",
		"지금 시계를 맞추세요 (timedatectl set-ntp true). 작업을 다른 컴퓨터에 빼앗기고, 쇼핑몰이 서명을 거부하며, 주문 조회기간이 어긋납니다",
	}},
	{"backup_ok", "backup", OK, [3]string{"the last one is of {1}", "最後のバックアップ: {1}", "마지막 백업: {1}"}, [3]string{}},
	{"backup_early", "backup", OK, [3]string{
		"there are no orders yet; begin with a daily mallbridge backup when there are",
		"まだ受注がありません。受注が入り始めたら毎日 mallbridge backup を実行してください",
		"아직 주문이 없습니다. 주문이 들어오기 시작하면 매일 mallbridge backup을 실행하세요",
	}, [3]string{}},
	{"backup_elsewhere", "backup", OK, [3]string{
		"mallbridge backup was never run; that is right only if PostgreSQL's own tools copy the ledger, and something copies the archive",
		"mallbridge backup は未実行です。PostgreSQLの機能で台帳を、別の方法でarchiveを保存している場合だけ問題ありません",
		"mallbridge backup을 실행한 적이 없습니다. PostgreSQL 도구로 원장을, 다른 방법으로 archive를 보관하는 경우에만 괜찮습니다",
	}, [3]string{}},
	{"backup_none", "backup", Warning, [3]string{"none was ever made", "バックアップがありません", "백업을 만든 적이 없습니다"}, [3]string{
		"make one now and every day, on another disk: mallbridge backup /backup/FILE.tar.gz",
		"今すぐ、そして毎日、別のディスクに取ってください: mallbridge backup /backup/FILE.tar.gz",
		"지금 그리고 매일 다른 디스크에 만드세요: mallbridge backup /backup/FILE.tar.gz",
	}},
	{"backup_old", "backup", Warning, [3]string{
		"the last one is {1} old, of {2}",
		"最後のバックアップは {1} 前（{2}）です",
		"마지막 백업은 {1} 전({2})입니다",
	}, [3]string{
		"make one now, and look why the daily one does not run: mallbridge backup /backup/FILE.tar.gz",
		"今すぐ取り、毎日のバックアップが動かない理由を調べてください: mallbridge backup /backup/FILE.tar.gz",
		"지금 만들고, 매일 백업이 돌지 않는 이유를 찾으세요: mallbridge backup /backup/FILE.tar.gz",
	}},
	{"leftovers_ok", "leftovers", OK, [3]string{
		"nothing was left by killed processes or upgrades",
		"中断した処理や更新の残り物はありません",
		"중단된 작업이나 업그레이드가 남긴 것은 없습니다",
	}, [3]string{}},
	{"leftover", "leftovers", Warning, [3]string{
		"{subject} was left {1} ago by a process that was killed",
		"{subject} は {1} 前に中断した処理の残り物です",
		"{subject}은(는) {1} 전에 중단된 작업이 남긴 것입니다",
	}, [3]string{
		"it may hold personal data, and nobody needs it: rm -r {subject}",
		"個人情報を含むことがあり、不要です: rm -r {subject}",
		"개인정보가 들어 있을 수 있고 필요 없습니다: rm -r {subject}",
	}},
	{"schema_copy", "leftovers", OK, [3]string{
		"{subject}: the ledger before an upgrade {1} ago, {2}; keep it until nobody wants to go back",
		"{subject}: {1} 前の更新前の台帳、{2}。旧版に戻す可能性がある間は残してください",
		"{subject}: {1} 전 업그레이드 이전의 원장, {2}. 이전 버전으로 돌아갈 수 있는 동안 보관하세요",
	}, [3]string{}},
	{"schema_copy_old", "leftovers", Warning, [3]string{
		"{subject}: the ledger before an upgrade {1} ago, {2}",
		"{subject}: {1} 前の更新前の台帳、{2}",
		"{subject}: {1} 전 업그레이드 이전의 원장, {2}",
	}, [3]string{
		"it holds personal data beyond its time: rm {subject}",
		"保存期間を過ぎた個人情報を含みます: rm {subject}",
		"보존 기간이 지난 개인정보가 들어 있습니다: rm {subject}",
	}},
	{"hostkey_ok", "host keys", OK, [3]string{"{subject}: a key of {1} is known", "{subject}: {1} の鍵は登録済みです", "{subject}: {1}의 키를 알고 있습니다"}, [3]string{}},
	{"hostkey_none", "host keys", Error, [3]string{
		"{subject}: no key of {1} is known, so nothing is sent there",
		"{subject}: {1} の鍵が登録されていないため、何も送信されません",
		"{subject}: {1}의 키를 몰라서 아무것도 보내지 않습니다",
	}, [3]string{
		"mallbridge warehouse hostkey {1}, compare the fingerprint with what the warehouse says by another way, and add the line to its known_hosts",
		"mallbridge warehouse hostkey {1} で表示し、別の方法で倉庫に聞いたフィンガープリントと比べ、その行を known_hosts に加えてください",
		"mallbridge warehouse hostkey {1}로 확인하고, 다른 방법으로 창고에 물은 지문과 비교한 뒤 그 줄을 known_hosts에 넣으세요",
	}},
	{"hostkey_file", "host keys", Error, [3]string{"{subject}: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"make the file that drop.known_hosts names, and readable for this user: mallbridge warehouse hostkey prints its lines",
		"drop.known_hosts のファイルを作り、このユーザーが読めるようにしてください。行は mallbridge warehouse hostkey で得られます",
		"drop.known_hosts 파일을 만들고 이 사용자가 읽을 수 있게 하세요. 줄은 mallbridge warehouse hostkey로 얻습니다",
	}},
	{"key_ok", "keys", OK, [3]string{"{subject}: works until {1}, for {2} days", "{subject}: {1} まで有効（残り {2} 日）", "{subject}: {1}까지 유효 ({2}일 남음)"}, [3]string{}},
	{"key_unknown", "keys", OK, [3]string{
		"{subject}: no end is known; if it has one, write it into api.key_ends",
		"{subject}: 期限は分かりません。期限がある場合は api.key_ends に書いてください",
		"{subject}: 만료일을 모릅니다. 있다면 api.key_ends에 쓰세요",
	}, [3]string{}},
	{"key_soon", "keys", Warning, [3]string{
		"{subject}: works until {1}, for {2} days only",
		"{subject}: {1} に切れます（残り {2} 日）",
		"{subject}: {1}에 만료됩니다 ({2}일 남음)",
	}, [3]string{
		"get a new one from the mall, put it beside the old one (api.next), and: mallbridge account test {subject}",
		"モールで新しいキーを発行し、旧キーと並べて設定（api.next）し、次を実行: mallbridge account test {subject}",
		"쇼핑몰에서 새 키를 받아 기존 키 옆에 두고(api.next) 실행하세요: mallbridge account test {subject}",
	}},
	{"key_ended", "keys", Error, [3]string{
		"{subject}: the keys ended on {1}",
		"{subject}: キーは {1} に切れました",
		"{subject}: 키가 {1}에 만료되었습니다",
	}, [3]string{
		"get a new one from the mall, set it with mallbridge secret set, correct api.key_ends if it is there, then: mallbridge account test {subject}",
		"モールで新しいキーを発行し、mallbridge secret set で設定し、api.key_ends があれば直してから: mallbridge account test {subject}",
		"쇼핑몰에서 새 키를 받아 mallbridge secret set으로 설정하고, api.key_ends가 있으면 고친 뒤: mallbridge account test {subject}",
	}},
	{"key_refused", "keys", Error, [3]string{
		"{subject}: the mall refuses the login since {1}",
		"{subject}: {1} からモールがログインを拒否しています",
		"{subject}: {1}부터 쇼핑몰이 로그인을 거부합니다",
	}, [3]string{
		"renew the keys, then: mallbridge account test {subject}. Orders since then are read afterwards",
		"キーを更新してから: mallbridge account test {subject}。それ以降の受注は後で読み込まれます",
		"키를 갱신한 뒤: mallbridge account test {subject}. 그 뒤의 주문은 나중에 읽습니다",
	}},
	{"key_unread", "keys", Warning, [3]string{
		"{subject}: the end of the keys could not be found out: {1}",
		"{subject}: キーの期限を確認できません: {1}",
		"{subject}: 키 만료일을 확인할 수 없습니다: {1}",
	}, [3]string{
		"mallbridge account test {subject} shows each step. {2}",
		"mallbridge account test {subject} で段階ごとに確認できます。{2}",
		"mallbridge account test {subject}로 단계별로 확인하세요. {2}",
	}},
	{"restored", "restore", Warning, [3]string{
		"the ledger was restored on {1}, and nothing is dropped at {subject} until it is compared",
		"{1} に台帳を復元しました。照合が終わるまで {subject} には何も送信されません",
		"{1}에 원장을 복원했습니다. 대조가 끝날 때까지 {subject}에는 아무것도 보내지 않습니다",
	}, [3]string{
		"mallbridge run watch; what it cannot compare, by hand: mallbridge restore settle {subject} --note …",
		"mallbridge run watch。照合できないものは手作業で: mallbridge restore settle {subject} --note …",
		"mallbridge run watch. 대조할 수 없는 것은 손으로: mallbridge restore settle {subject} --note …",
	}},
	{"place_ok", "folders", OK, [3]string{"{subject} can be reached", "{subject} に接続できます", "{subject}에 접속됩니다"}, [3]string{}},
	{"place_unreachable", "folders", Error, [3]string{"{subject}: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"look at its address, keys and rights (s3: or sftp: in mallbridge.yaml) and at this machine's connection; nothing is lost meanwhile. {2}",
		"宛先・キー・権限（mallbridge.yaml の s3: または sftp:）と、この機器の接続を確認してください。その間に失われるものはありません。{2}",
		"주소, 키, 권한(mallbridge.yaml의 s3: 또는 sftp:)과 이 컴퓨터의 연결을 확인하세요. 그동안 잃는 것은 없습니다. {2}",
	}},
	{"mall_unreachable", "malls", Warning, [3]string{"{subject}: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"look at this machine's connection and proxy, then: mallbridge account test {subject}. {2}",
		"この機器の接続とプロキシを確認してから: mallbridge account test {subject}。{2}",
		"이 컴퓨터의 연결과 프록시를 확인한 뒤: mallbridge account test {subject}. {2}",
	}},
	{"drop_ok", "drops", OK, [3]string{
		"{subject}: login, folders, writing and removing a file work",
		"{subject}: ログイン、フォルダ、書込みと削除ができます",
		"{subject}: 로그인, 폴더, 쓰기와 지우기가 됩니다",
	}, [3]string{}},
	{"hostkey_changed", "drops", Error, [3]string{"{subject}: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"send nothing there in another way. {2}",
		"別の方法でも送信しないでください。別の経路で倉庫に確認してから、known_hosts の行を置き換えます: mallbridge warehouse hostkey",
		"다른 방법으로도 보내지 마세요. 다른 경로로 창고에 확인한 뒤 known_hosts의 줄을 바꾸세요: mallbridge warehouse hostkey",
	}},
	{"drop_unreachable", "drops", Error, [3]string{"{subject}: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"mallbridge warehouse test {subject} shows each step; batches wait meanwhile and nothing is lost. {2}",
		"mallbridge warehouse test {subject} で段階ごとに確認できます。その間ファイルは待ち、失われません。{2}",
		"mallbridge warehouse test {subject}로 단계별로 확인하세요. 그동안 파일은 기다리며 잃지 않습니다. {2}",
	}},
	{"serve_ok", "serve", OK, [3]string{"it answers at {subject} and is well", "{subject} で正常に応答しています", "{subject}에서 정상으로 응답합니다"}, [3]string{}},
	{"serve_off", "serve", OK, [3]string{
		"it has no pages here (console.listen: off), so it cannot be asked",
		"ページを使わない設定（console.listen: off）のため確認できません",
		"페이지를 쓰지 않는 설정(console.listen: off)이라 확인할 수 없습니다",
	}, [3]string{}},
	{"serve_silent", "serve", Warning, [3]string{
		"nobody answers at {subject}: {1}",
		"{subject} で応答がありません: {1}",
		"{subject}에서 응답이 없습니다: {1}",
	}, [3]string{
		"start it: systemctl start mallbridge; where run is called by cron instead, set console: {listen: off}",
		"起動してください: systemctl start mallbridge。cron で run を呼ぶ場合は console: {listen: off} にします",
		"시작하세요: systemctl start mallbridge. cron으로 run을 부른다면 console: {listen: off}로 하세요",
	}},
	{"serve_ill", "serve", Error, [3]string{"{subject} says: {1}", "{subject}: {1}", "{subject}: {1}"}, [3]string{
		"look at its log (journalctl -u mallbridge) and at mallbridge runs; what failed is tried again by itself",
		"ログ（journalctl -u mallbridge）と mallbridge runs を見てください。失敗した処理は自動で再試行されます",
		"로그(journalctl -u mallbridge)와 mallbridge runs를 보세요. 실패한 것은 저절로 다시 시도합니다",
	}},
	{"serve_other", "serve", Error, [3]string{
		"something else answers at {subject}: {1}",
		"{subject} では別のプログラムが応答しています: {1}",
		"{subject}에서 다른 프로그램이 응답합니다: {1}",
	}, [3]string{
		"stop that program, or set another console.listen and start serve anew",
		"そのプログラムを止めるか、console.listen を変えて serve を再起動してください",
		"그 프로그램을 멈추거나 console.listen을 바꾸고 serve를 다시 시작하세요",
	}},
}
