import DRRData
import TestSupport
import Testing

@Suite("Dates")
struct DateTests {
  private func microseconds(_ text: String) -> Int64? {
    var text = text
    return text.withUTF8 { Timestamp.microseconds($0) }
  }

  private func padded(_ number: Int, _ digits: Int = 2) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: digits - text.count) + text
  }

  /// Days counted one by one through the lengths of months.
  @Test func everyDayOfTwelveCenturies() {
    // 1600-01-01 is as many days before 1970-01-01, a number that is told by that date below.
    var days: Int64 = -135_140
    var wrong: [String] = []
    for year in 1600..<2800 {
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      for (month, length) in lengths.enumerated() {
        for day in 1...length {
          let text = "\(year)-\(padded(month + 1))-\(padded(day))"
          if microseconds(text) != days * 86_400_000_000 { wrong.append(text) }
          days += 1
        }
      }
    }
    #expect(wrong.isEmpty)
    #expect(microseconds("1970-01-01") == 0)
  }

  @Test func everySecondOfADay() {
    let day: Int64 = 18_262 * 86_400
    var wrong: [String] = []
    for second in 0..<86_400 {
      let clock = [second / 3_600, second / 60 % 60, second % 60].map { padded($0) }
      let expected = (day + Int64(second)) * 1_000_000
      let (start, time) = ("2020-01-01", clock.joined(separator: ":"))
      for text in ["\(start) \(time)", "\(start)T\(time)Z"] where microseconds(text) != expected {
        wrong.append(text)
      }
      let minute = "\(start)T\(clock[0]):\(clock[1])"
      if second % 60 == 0, microseconds(minute) != expected { wrong.append(minute) }
    }
    #expect(wrong.isEmpty)
  }

  /// What a date and a time are, byte by byte: `dddd-dd-dd dd:dd:dd`, or `.dd` at the end.
  private func byDefinition(_ text: [UInt8]) -> Int64? {
    let form = Array("0000-00-00 00:00:00".utf8)
    let (isFraction, blanks) = (text[16] == 46, [32, 84] as [UInt8])
    for (byte, wanted) in zip(text, form.enumerated()) {
      switch wanted.element {
      case 48 where 48...57 ~= byte, 32 where blanks.contains(byte), 45 where byte == 45: continue
      case 58 where byte == 58 || isFraction && wanted.offset == 16: continue
      default: return nil
      }
    }
    func number(_ range: Range<Int>) -> Int64 {
      text[range].reduce(0) { $0 * 10 + Int64($1) - 48 }
    }
    let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
    let (hour, minute, last) = (number(11..<13), number(14..<16), number(17..<19))
    guard 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, last < 61 || isFraction else {
      return nil
    }
    // From the first of March of the year 0 on, whose months have 30.6 days.
    let years = Double(month < 3 ? year - 1 : year)
    let months = Double(month < 3 ? month + 9 : month - 3)
    let leaps = [4, -100, 400].map { (years / abs($0)).rounded(.down) * ($0 < 0 ? -1 : 1) }
    let before = years * 365 + leaps.reduce(0, +) + (months * 30.6 + 0.5).rounded(.down)
    let seconds = (Int64(before) + day - 1 - 719_468) * 86_400 + hour * 3_600 + minute * 60
    return seconds * 1_000_000 + last * (isFraction ? 10_000 : 1_000_000)
  }

  @Test("one byte changed is another date or none")
  func changes() {
    var random = SeededGenerator(4)
    var texts: [[UInt8]] = []
    for text in ["2019-11-24 00:03:13", "2000-02-29T23:59:60", "0000-01-31 12:30:09"] {
      for at in text.utf8.indices {
        let place = text.utf8.distance(from: text.utf8.startIndex, to: at)
        for byte in UInt8(0)...255 {
          texts.append(Array(text.utf8))
          texts[texts.count - 1][place] = byte
        }
      }
    }
    for _ in 0..<20_000 {
      texts.append(
        "0000-00-00T00:00:00".utf8.map { byte in
          byte != 48 || Int.random(in: 0..<40, using: &random) == 0
            ? byte : UInt8.random(in: 48...57, using: &random)
        })
    }
    let wrong = texts.filter { text in
      text.withUnsafeBufferPointer { Timestamp.microseconds($0) } != byDefinition(text)
    }
    #expect(wrong.isEmpty)
  }
}
