import Feedback
import Foundation
import TestSupport
import Testing

@Suite("Lines of a log, read in one go")
struct EventScannerTests {
  /// What the scanner makes of a line up to its checksum; nil where it leaves it to `JSONDecoder`.
  static func scanned(_ body: [UInt8]) -> FeedbackEvent? {
    // As in a line, something that is no number stands behind.
    (body + Array(",\"crc\"".utf8)).withUnsafeBytes { bytes in
      var scanner = EventScanner(UnsafeRawBufferPointer(rebasing: bytes[..<body.count]))
      return try? scanner.event()
    }
  }

  /// What `JSONDecoder` makes of it.
  static func decoded(_ body: [UInt8]) -> FeedbackEvent? {
    let data = Data(body + [125])
    struct Head: Decodable { var event: String }
    switch try? JSONDecoder().decode(Head.self, from: data).event {
    case "served":
      return (try? JSONDecoder().decode(ServedList.self, from: data)).map { .served($0) }
    case "feedback":
      return (try? JSONDecoder().decode(ItemFeedback.self, from: data)).map { .feedback($0) }
    default: return nil
    }
  }

  static func body(_ event: FeedbackEvent) throws -> [UInt8] {
    Array(try event.line().dropLast(",\"crc\":\"01234567\"}\n".utf8.count))
  }

  private static func number(_ random: inout SeededGenerator) -> Double {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: Double(Int.random(in: -3...3, using: &random))
    case 1: Double.random(in: 0...1, using: &random)
    // Of any magnitude.
    case 2:
      Double(
        bitPattern: .random(in: 0x0010_0000_0000_0000..<0x7FF0_0000_0000_0000, using: &random))
    default: -Double.random(in: 0...1e6, using: &random)
    }
  }

  private static func float(_ random: inout SeededGenerator) -> Float {
    Bool.random(using: &random)
      ? Float.random(in: -5...5, using: &random)
      : Float(bitPattern: .random(in: 0x0080_0000..<0x7F80_0000, using: &random))
  }

  /// An event with each part at times left out.
  static func event(
    _ random: inout SeededGenerator, texts: [String] = ["196", "a b", "", "m-1.2", "{}[],:"]
  ) -> FeedbackEvent {
    func text() -> String { texts.randomElement(using: &random)! }
    func maybe<Value>(_ value: () -> Value) -> Value? {
      Bool.random(using: &random) ? value() : nil
    }
    func some<Value>(_ value: () -> Value) -> [Value] {
      (0..<Int.random(in: 0...3, using: &random)).map { _ in value() }
    }
    let time = Int64.random(in: -5...1_800_000_000_000, using: &random)
    if Bool.random(using: &random) {
      let value: ItemFeedback.Value =
        switch Int.random(in: 0..<3, using: &random) {
        case 0: .rating(float(&random))
        case 1: .click(Bool.random(using: &random))
        default: .reward(number(&random))
        }
      var feedback = ItemFeedback(
        time: time, request: maybe(text), user: maybe(text), item: text(), value: value)
      (feedback.version, feedback.score) = (maybe(text), maybe { float(&random) })
      return .feedback(feedback)
    }
    return .served(
      ServedList(
        request: text(), time: time, model: text(), version: text(), user: maybe(text),
        known: maybe { Int.random(in: 0...9, using: &random) },
        rated: maybe { some { .init(item: text(), rating: float(&random)) } },
        session: maybe { some(text) }, exclude: maybe { some(text) }, genres: maybe { some(text) },
        learned: maybe { Int.random(in: 0...9, using: &random) },
        exploration: maybe {
          Exploration(
            epsilon: number(&random), temperature: number(&random),
            candidates: Int.random(in: 1...50, using: &random))
        },
        items: some {
          .init(
            item: text(), score: float(&random), modelScore: maybe { float(&random) },
            propensity: number(&random))
        }, candidates: Int.random(in: 0...50, using: &random), digest: text()))
  }

  @Test("what is written plainly is scanned, every line of it, and is what JSONDecoder reads")
  func plain() throws {
    var random = SeededGenerator(1)
    for _ in 0..<4_000 {
      let event = Self.event(&random)
      let body = try Self.body(event)
      #expect(Self.decoded(body) == event)
      #expect(Self.scanned(body) == event, "\(String(decoding: body, as: UTF8.self))")
    }
  }

  @Test("escapes and other letters are left to JSONDecoder, and are read")
  func letters() throws {
    var random = SeededGenerator(2)
    let texts = ["é", "a\"b", "back\\slash", "\n", "\u{0}", "雪", "🎬", "a/b", "\u{7F}"]
    for _ in 0..<500 {
      let event = Self.event(&random, texts: texts)
      let body = try Self.body(event)
      if let scanned = Self.scanned(body) { #expect(scanned == event) }
      #expect(try FeedbackEvent(line: Array(try event.line().dropLast())) == event)
    }
  }

  @Test("of what chance has changed nothing is read otherwise than by JSONDecoder")
  func changed() throws {
    var random = SeededGenerator(3)
    let parts = [
      " ", "0", "-", "+", ".", "e", "E5", "e-9", "1e999", "00", "1.", ".5", "inf", "nan", "0x1p3",
      "\\u0041", "\\n", "\"", ",", "}", "{", "[", "]", "null", "true", "\u{1}", "é",
      "99999999999999999999",
      ",\"item\":\"x\"", "\"event\":\"served\",",
    ]
    var scanned = 0
    for _ in 0..<20_000 {
      var body = try Self.body(Self.event(&random))
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        let at = Int.random(in: 0..<body.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: body[at] = UInt8.random(in: 0...255, using: &random)
        case 1: body.insert(contentsOf: Array(parts.randomElement(using: &random)!.utf8), at: at)
        case 2: body.remove(at: at)
        default:
          // Digits become other digits, and numbers those between two floats.
          if let digit = body[at...].firstIndex(where: { (48...57).contains($0) }) {
            body.replaceSubrange(
              digit...digit,
              with: Array("\(UInt64.random(in: 0...99_999_999, using: &random))".utf8))
          }
        }
      }
      guard let event = Self.scanned(body) else { continue }
      scanned += 1
      #expect(Self.decoded(body) == event, "\(String(decoding: body, as: UTF8.self))")
    }
    #expect(scanned > 2_000, "\(scanned)")
  }

  @Test("keys in another order are read as well")
  func order() throws {
    let body = Array(
      #"{"event":"feedback","user":"196", "rating":4,"time":5,"item":"50""#.utf8)
    #expect(Self.scanned(body) == nil)
    let wanted = FeedbackEvent.feedback(
      ItemFeedback(time: 5, request: nil, user: "196", item: "50", value: .rating(4)))
    #expect(Self.decoded(body) == wanted)
  }
}
