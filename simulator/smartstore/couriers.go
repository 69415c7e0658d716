package smartstore

import (
	"regexp"
	"strings"
)

// couriers are codes of deliveryCompanyCode: the parcel services of Korea and those
// that carry abroad. Others of the documentation's 203 are unknown here.
var couriers = func() map[string]bool {
	m := map[string]bool{}
	for _, c := range strings.Fields(`CJGLS HYUNDAI HANJIN KGB EPOST REGISTPOST KDEXP DAESIN ILYANG CHUNIL HDEXP KUNYOUNG CVSNET CUPARCEL SLX SEBANG NONGHYUP
		HOMEPICK HONAM TEAMFRESH VROONG CHAINLOGIS QXPRESS DHL FEDEX UPS USPS EMS KOREXG HLCGLOBAL CH1 TNT SFEX ARAMEX`) {
		m[c] = true
	}
	return m
}()

// domestic are couriers whose numbers have 10 to 13 digits; the documentation says
// only that a number must be valid.
var domestic = map[string]bool{"CJGLS": true, "HYUNDAI": true, "HANJIN": true, "KGB": true, "EPOST": true}

var (
	digits10to13 = regexp.MustCompile(`^\d{10,13}$`)
	anyNumber    = regexp.MustCompile(`^[0-9A-Za-z]+$`)
)

func fits(courier, number string) bool {
	if domestic[courier] {
		return digits10to13.MatchString(number)
	}
	return anyNumber.MatchString(number)
}
