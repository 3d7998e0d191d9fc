import Foundation
import Testing

@Suite("drr train gru")
struct GRUTests {
  private static let tiny = [
    "--data", "generated:tiny", "--device", "cpu", "--dimension", "8", "--hidden", "8",
    "--batch-size", "300", "--epochs", "4",
  ]

  private static func train(_ folder: Scratch, _ run: String, _ more: String...) throws {
    let outcome = try Program.run(["train", "gru", "--run", run] + tiny + more, in: folder)
    guard outcome.code == 0 else { throw Failure(description: outcome.description) }
  }

  @Test("a run stands in the table of next items alone, mixed with counts, and beside them")
  func compared() throws {
    let folder = Scratch()
    try Self.train(folder, "one")
    try Self.train(folder, "two", "--networks", "2", "--seed", "3")
    let compared = try Program.run(
      ["compare", "--run", "one", "--run", "two", "--device", "cpu"], in: folder)
    #expect(compared.code == 0, "\(compared.description)")
    #expect(
      compared.error.firstMatch(
        of: /one: mixture of GRU 0\.\d, counts of window \d+, .* chosen on the validation ratings/)
        != nil, "\(compared.error)")
    for line in [
      "one: GRU, GRU and chosen counts, chosen counts\n", "\nGRU ", "\nGRU and chosen counts ",
      "\nGRU, 2 networks ", "\nchosen counts, two ",
    ] {
      #expect(compared.output.contains(line), "\(line): \(compared.output)")
    }
  }

  @Test("a group has a run a seed, and other settings are refused")
  func group() throws {
    let folder = Scratch()
    try Self.train(folder, "group", "--seeds", "2")
    #expect(folder.exists("group/seed-1/checkpoint.safetensors"))
    let compared = try Program.run(["compare", "--run", "group", "--device", "cpu"], in: folder)
    #expect(compared.output.contains("\nGRU, group/seed-1 "), "\(compared.description)")
    try Self.train(folder, "alone")
    #expect(
      try folder.data("alone/checkpoint.safetensors")
        == folder.data("group/seed-0/checkpoint.safetensors"))
    expectRefused(
      try Program.run(["train", "gru", "--run", "alone", "--hidden", "9"], in: folder), 1,
      "settings.hidden 8, not 9")
    expectRefused(
      try Program.run(["train", "gru", "--run", "new", "--dropout", "1"], in: folder), 1,
      "dropout is 1.0; it must be 0 or more and below 1")
    expectRefused(
      try Program.run(["recommend", "--run", "alone", "--user", "1"], in: folder), 1,
      "a run of a GRU on next items")
  }

  @Test("without validation ratings the last epoch counts, and the weights are equal")
  func unvalidated() throws {
    let folder = Scratch()
    try Self.train(folder, "run", "--validation-fraction", "0")
    let compared = try Program.run(["compare", "--run", "run", "--device", "cpu"], in: folder)
    #expect(
      compared.code == 0 && compared.error.contains("mixture of equal weights"),
      "\(compared.description)")
  }
}
