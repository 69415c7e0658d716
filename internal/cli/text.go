package cli

// text says an English message in another language. Messages without a
// translation stay English.
func (a *app) text(lang, en string) string {
	if t, ok := texts[en]; ok {
		switch lang {
		case "ja":
			return t[0]
		case "ko":
			return t[1]
		}
	}
	return en
}

// texts are messages in Japanese and Korean.
var texts = map[string][2]string{
	"it changed at the mall, and is judged again at the next run": {"モールで変更されました。次の処理で判定し直します", "쇼핑몰에서 변경되었습니다. 다음 처리에서 다시 판단합니다"},
	"it waits for the next plan run":                              {"次の計画処理を待っています", "다음 계획 처리를 기다리고 있습니다"},
	"it waits for the warehouse's next file":                      {"次の出荷指示ファイルを待っています", "다음 출고지시 파일을 기다리고 있습니다"},
	"its file is on its way to the warehouse":                     {"出荷指示ファイルを送信中です", "출고지시 파일을 전송 중입니다"},
	"nobody can say whether its file arrived":                     {"ファイルが届いたか確認できません", "파일이 도착했는지 확인할 수 없습니다"},
	"the warehouse has it and has not reported a shipment yet":    {"倉庫に届いています。出荷実績はまだです", "창고에 전달되었습니다. 출고실적은 아직 없습니다"},
}
