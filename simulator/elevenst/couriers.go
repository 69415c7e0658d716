package elevenst

import (
	"regexp"
	"strings"
)

// couriers are the codes of dlvEtprsCd in the dispatch list of the guide.
var couriers = func() map[string]bool {
	m := map[string]bool{}
	for _, c := range strings.Fields(`00002 00007 00011 00012 00021 00022 00023 00025 00026 00027 00034 00035 00036 00037 00038 00039 00040 00041
		00042 00044 00045 00046 00047 00048 00049 00050 00051 00052 00053 00054 00056 00057 00058 00060 00061 00062 00063 00064 00065 00066 00067
		00068 00069 00070 00071 00072 00073 00074 00077 00079 00080 00081 00082 00083 00085 00086 00087 00088 00089 00090 00091 00092 00094 00095
		00096 00097 00098 00099 00100 00101 00102 00103 00104 00105 00106 00107 00108 00109 00111 00112 00113 00114 00115 00116 00117 00118 00119
		00120 00121 00122 00123 00124 00125 00126 00127 00128 00129 00130 00131 00133 00134 00135 00136 00137 00138 00139 00140 00141 00142 00143
		00144 00145 00146 00147 00148 00149 00151`) {
		m[c] = true
	}
	return m
}()

// domestic are couriers whose numbers have 10 to 13 digits; the guide says only
// that a number has to fit its courier.
var domestic = map[string]bool{"00002": true, "00007": true, "00011": true, "00012": true, "00034": true}

var (
	digits10to13 = regexp.MustCompile(`^\d{10,13}$`)
	anyNumber    = regexp.MustCompile(`^[0-9A-Za-z]+$`)
)

// fits reports whether a tracking number can be one of a courier.
func fits(courier, number string) bool {
	if domestic[courier] {
		return digits10to13.MatchString(number)
	}
	return anyNumber.MatchString(number)
}
