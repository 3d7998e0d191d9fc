/// What nobody would type, and somebody will.
enum ArgumentValues {
  static let numbers = [
    "0", "-0", "1", "2", "3", "-1", "-5", "1000", "65536", "65537", "100000000", "2147483647",
    "2147483648", "4294967296", "9007199254740993", "4611686018427387904", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "18446744073709551615", "99999999999999999999",
    "0.5", "0.999999999", "1e-45", "5e-324", "1e-10", "1e10", "1e38", "3.5e38", "1e308", "1e400",
    "nan", "-nan", "inf", "-inf", "0x1p10", "1_000", "１", "1,000",
  ]

  static let texts = [
    "", " ", ",", ",,", "1,,2", "1,2,", ",1", "1,1", "1,nan", "1,inf", "100000000,100000000", ":",
    "a:", ":1", "a:b:c", "x:nan", "[", "-", "--", "@", "=", "%s%n", "é", "e\u{301}",
    "\u{1b}[31mred", "a\nb", "\u{202e}tfel", "/", ".", "..", "/dev/null", "/dev/full",
    "/proc/self/mem",
    "nowhere", "nowhere/at/all", "a.csv", "a.svg", "a.zip", "café.jsonl",
    String(repeating: "9", count: 4_000), String(repeating: "x", count: 100_000),
    String(repeating: "1,", count: 20_000) + "1",
  ]

  /// Files of the trial's own folder that are not what is asked for.
  static let files = ["run", "gan", "ratings", "ratings/ratings.csv", "made/log.csv", "empty"]

  static let all = numbers + texts + files
}
