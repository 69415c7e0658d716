// Package charset turns the bytes of mall, warehouse and carrier files into
// text and back without losing a character.
//
// Every conversion either gives text that converts back to the same text or
// fails and says where: a [DecodeError] names the first bad bytes and their
// offset, an [EncodeError] the first character that the target lacks. U+FFFD,
// the mark of a character lost in a conversion, is refused both ways in every
// charset.
//
// # Charsets
//
//	utf-8            Unicode, no byte order mark written
//	utf-8-bom        the same with the mark EF BB BF written first
//	cp932            Windows-31J, what Japanese documents call "Shift_JIS"
//	shift_jis-strict JIS X 0208, half-width kana and ASCII
//	cp949            Unified Hangul Code, what Korean documents call "EUC-KR"
//	euc-kr-strict    KS X 1001 (2,350 syllables) and ASCII
//	iso-2022-jp      reading only
//
// cp932 and cp949 are the WHATWG "Shift_JIS" and "EUC-KR" indexes
// (https://encoding.spec.whatwg.org/), taken from golang.org/x/text, with
// these decisions:
//
//   - 8160 is ～ U+FF5E, 817C － U+FF0D, 8161 ∥ U+2225, 8191 8192 81CA ￠￡￢,
//     as on Windows. 〜 U+301C, − U+2212 and their like have no code: folding
//     them is a replacement that a warehouse agrees to ([Suggested]), never
//     built in.
//   - The user-defined area F040-F9FC (gaiji) is refused: its characters exist
//     on one machine only. The same holds for rows C9 and FE of cp949.
//   - Byte 80, which WHATWG reads as the control character U+0080, is refused.
//     In real files it is the euro sign of a Western code page or damage.
//   - NEC row 13 and the plain rows win over their doubles, and the 374 codes
//     that NEC and IBM both assigned are written in the [Form] asked for.
//
// shift_jis-strict maps as the "SHIFT_JIS" of CPython and glibc does: 8160 is
// 〜 U+301C, 817C − U+2212, 8161 ‖ U+2016, 8191 8192 81CA ¢£¬. Unlike them it
// reads and writes 5C as backslash and 7E as tilde, as everyone's files mean,
// so ¥ U+00A5 and ‾ U+203E have no code and 815F is ＼ U+FF3C.
//
// euc-kr-strict never writes the eight-byte composed syllables of KS X 1001
// annex 3: no file reader in use knows them. Like cp949 it lacks ㉾ A2E8, which
// the standard gained in 2002.
//
// iso-2022-jp reads ASCII, JIS X 0201 (Roman and kana) and JIS X 0208 with the
// NEC rows, as mail programs write them; characters map as in cp932.
package charset
