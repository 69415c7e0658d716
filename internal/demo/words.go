package demo

// What the demo says, in English, Japanese and Korean.
var (
	wordTitle = text{
		"Mallbridge: one day, ten malls in two countries, %d shops, %d warehouses — nothing in it is real",
		"Mallbridge：日本と韓国の10モール、%d店舗・%d倉庫の一日 ― すべて架空のデータです",
		"Mallbridge: 두 나라의 쇼핑몰 열 곳, 상점 %d곳, 창고 %d곳의 하루 — 모든 데이터는 가상입니다",
	}
	wordWorkspace = text{"workspace", "ワークスペース", "작업 폴더"}
	wordSites     = text{"warehouses", "倉庫", "창고"}
	wordSeed      = text{"day %s, seed %d", "%s、シード %d", "%s, 시드 %d"}

	wordSheets      = text{"The order sheets of four shops are dropped into inbox/", "4店舗の受注シートが inbox/ に入る", "네 상점의 주문 시트가 inbox/에 들어옵니다"}
	wordOrders      = text{"%d orders", "%d 件", "%d 건"}
	wordShops       = text{"%d more shops are asked by API; their malls are simulated", "さらに%d店舗はAPIで取得（モールはシミュレーター）", "상점 %d곳은 API로 조회합니다(쇼핑몰은 시뮬레이터)"}
	wordUnconfirmed = text{"%d of them wait for the shop's confirmation", "うち %d 件は注文確認待ち", "그중 %d 건은 발주확인 대기"}
	wordPlan        = text{"extract reads them, plan maps, holds, routes and merges", "extract が読み取り、plan が変換・保留・振り分け・同梱する", "extract가 읽고 plan이 변환·보류·배정·합포장합니다"}
	wordColReady    = text{"planned", "出荷予定", "출고예정"}
	wordColHeld     = text{"held", "保留", "보류"}
	wordColOutside  = text{"outside", "対象外", "제외"}
	wordColRefused  = text{"refused", "取込不可", "거부"}
	wordBecause     = text{"Held, each for a stated reason:", "保留とその理由：", "보류와 그 이유:"}

	wordDrop    = text{"instruct drops files by SFTP: temporary name, size and hash, rename, done mark", "instruct が SFTP で届ける：仮名、サイズとハッシュの確認、改名、完了印", "instruct가 SFTP로 전달: 임시 이름, 크기와 해시 확인, 이름 변경, 완료 표시"}
	wordParcels = text{"%d parcels", "%d 個口", "%d 박스"}
	wordTook    = text{"takes %s at once: %d accepted, %d refused", "%s を直ちに取り込み：受付 %d、受付不可 %d", "%s 즉시 접수: 승인 %d, 거부 %d"}

	wordRepairs = text{"People repair causes; the holds end by themselves", "担当者が原因を直すと、保留は自動で解除される", "담당자가 원인을 고치면 보류는 저절로 풀립니다"}
	wordLinked  = text{"%d SKU links are added to masters/sku-links.csv", "masters/sku-links.csv に SKU 紐付けを %d 行追加", "masters/sku-links.csv에 SKU 연결 %d 행 추가"}
	wordAgreed  = text{"warehouse tokyo agrees to write %s as %s", "東京倉庫と「%s→%s」の置換を合意", "도쿄 창고와 %s→%s 치환 합의"}
	wordMended  = text{"a refused row is mended in %s and dropped again", "取込不可の行を %s で直して再投入", "거부된 행을 %s에서 고쳐 다시 넣음"}
	wordEnded   = text{"Ended:", "解除：", "해제:"}

	wordAgain     = text{"The same sheets are dropped a second time", "同じシートをもう一度入れる", "같은 시트를 한 번 더 넣습니다"}
	wordKnown     = text{"%d orders known before, %d changed", "既知 %d 件、変更 %d 件", "이미 아는 주문 %d 건, 변경 %d 건"}
	wordRepeated  = text{"the same bytes as before: ignored", "前と同じ内容のファイル：何もしません", "이전과 같은 내용의 파일: 무시"}
	wordUnchanged = text{"Nothing changed: no order, no line, no file.", "何も変わりません：注文も明細もファイルも。", "아무것도 바뀌지 않았습니다: 주문도 상품도 파일도."}

	wordLater     = text{"A later download: statuses have moved at the mall", "後のダウンロード：モール側でステータスが動いた", "나중의 다운로드: 쇼핑몰에서 상태가 바뀜"}
	wordConfirmed = text{"%d orders were confirmed and are instructed now", "%d 件が注文確認済みになり、出荷指示する", "%d 건이 확인되어 출고지시합니다"}
	wordCancelled = text{"%s: %s — the warehouse is asked to stop it", "%s：%s ― 倉庫に出荷停止を依頼", "%s: %s — 창고에 출고 중지를 요청"}
	wordStopped   = text{"answers %d stop requests", "出荷停止依頼 %d 件に回答", "출고 중지 요청 %d 건에 회답"}

	wordShipping       = text{"The warehouses ship and count; collect fetches results and stock", "倉庫が出荷し在庫を数え、collect が実績と在庫を取り込む", "창고가 출고하고 재고를 세며, collect가 실적과 재고를 가져옵니다"}
	wordSecondShipping = text{"The second shipping of the day", "二回目の出荷", "두 번째 출고"}
	wordLate           = text{"%d parcels will be late", "%d 個口は遅れる", "%d 박스는 늦어집니다"}
	wordShort          = text{"%d parcels are short of pieces", "%d 個口で数量不足", "%d 박스 수량 부족"}
	wordCollected      = text{"%d tracking numbers, %d stock figures, %d repeated files ignored", "送り状番号 %d 件、在庫 %d 件、重複ファイル %d 件は無視", "송장번호 %d 건, 재고 %d 건, 중복 파일 %d 건 무시"}

	wordLastMinute = text{"A buyer cancels after the planning, before the file leaves", "計画後・送信前に購入者がキャンセル", "계획 후 전송 전에 구매자가 취소"}
	wordTell       = text{"report tells the malls of the parcels, until they show the numbers", "report がモールへ出荷報告し、モールに表示されるまで確認する", "report가 쇼핑몰에 발송을 알리고 표시될 때까지 확인합니다"}
	wordTellAgain  = text{"The rest is reported, sheets are uploaded by hand, books are compared", "残りの出荷報告、手作業のアップロード、照合", "나머지 발송 보고, 수동 업로드, 대조"}
	wordColReports = text{"parcels", "個口", "박스"}
	wordColTold    = text{"told", "報告済み", "보고됨"}
	wordColShown   = text{"shown", "表示確認", "표시 확인"}
	wordColSheet   = text{"in sheets", "シート待ち", "시트 대기"}
	wordSell       = text{"catalog reads what the shops list, stock tells the malls what may be sold", "catalog が商品を読み取り、stock が販売可能数をモールへ反映する", "catalog가 상품을 읽고 stock이 판매 가능 수량을 쇼핑몰에 반영합니다"}
	wordSold       = text{"%d products listed, %d quantities told", "商品 %d 件、販売可能数の反映 %d 件", "상품 %d 건, 판매 가능 수량 반영 %d 건"}
	wordReconciled = text{"Malls, ledger and warehouses differ in %d points.", "モール・台帳・倉庫の相違：%d 件", "쇼핑몰·원장·창고의 차이: %d 건"}

	wordProof         = text{"prove: what was claimed, what is in the files, what was accepted", "prove：確保・ファイル・受付の突き合わせ", "prove: 확보, 파일, 접수의 대조"}
	wordLinesClaimed  = text{"lines claimed", "確保した明細", "확보한 상품"}
	wordLinesInFiles  = text{"lines in files", "ファイル内の明細", "파일 안의 상품"}
	wordLinesAccepted = text{"lines accepted by the warehouses", "倉庫が受け付けた明細", "창고가 접수한 상품"}
	wordLinesRefused  = text{"lines refused by them", "倉庫が受け付けなかった明細", "창고가 거부한 상품"}
	wordBalanced      = text{"It balances, and no line reached a warehouse twice.", "一致しました。二度届いた明細はありません。", "일치합니다. 두 번 전달된 상품은 없습니다."}

	wordSum        = text{"The day in numbers", "一日のまとめ", "하루 요약"}
	wordSeen       = text{"orders seen", "受注", "주문"}
	wordInstructed = text{"instructed", "出荷指示", "출고지시"}
	wordShipped    = text{"  of them shipped", "  うち出荷済み", "  그중 출고완료"}
	wordHeld       = text{"held", "保留", "보류"}
	wordOutside    = text{"outside", "対象外", "제외"}
	wordRefused    = text{"refused", "取込不可", "거부"}
	wordBatches    = text{"files at warehouses", "届けたファイル", "전달한 파일"}

	wordPages  = text{"in a browser", "ブラウザーで開く", "브라우저로 열기"}
	wordGoesOn = text{
		"New orders keep coming. Ctrl-C ends the demo. Meanwhile, in another window:",
		"新しい注文が続きます。Ctrl-C で終了。別の画面で試せるコマンド：",
		"새 주문이 계속 들어옵니다. Ctrl-C로 끝냅니다. 다른 창에서 해 보세요:",
	}
	wordTry   = text{"Try:", "試せるコマンド：", "해 보세요:"}
	wordRound = text{"%s: %d new orders, %d planned, %d held, %d parcels dropped, %d tracking numbers", "%s：新規 %d 件、出荷予定 %d 件、保留 %d 件、送信 %d 個口、送り状 %d 件", "%s: 신규 %d 건, 출고예정 %d 건, 보류 %d 건, 전달 %d 박스, 송장 %d 건"}
	wordEnd   = text{"The demo has ended. Its workspace is still in %s", "デモを終了しました。ワークスペースは %s に残っています", "데모를 마쳤습니다. 작업 폴더는 %s 에 남아 있습니다"}
)
