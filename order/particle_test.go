package order

import "testing"

func TestParticles(t *testing.T) {
	for in, want := range map[string]string{
		"출고지시을(를) 요청했습니다":          "출고지시를 요청했습니다",
		"주문은(는) 보류, 창고은(는) 접수":     "주문은 보류, 창고는 접수",
		"'양식'이(가) \"코드\"와(과) 다릅니다": "'양식'이 \"코드\"와 다릅니다",
		"서울(으)로 부산(으)로 대구(으)로":     "서울로 부산으로 대구로",
		"1001을(를) 1002을(를) 7(으)로":  "1001을 1002를 7로",
		"3(으)로 6와(과) 9이(가)":        "3으로 6과 9가",
		"tokyo은(는) 店舗을(를)":         "tokyo은(는) 店舗을(를)",
		"설정(필수)":                   "설정(필수)",
	} {
		if got := Particles(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
