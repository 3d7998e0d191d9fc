import Foundation
import Testing

@Suite("drr train gru")
struct GRUTests {
  private static let tiny = [
    "--data", "generated:tiny", "--device", "cpu", "--dimension", "8", "--hidden", "8",
    "--batch-size", "300", "--epochs", "4",
  ]

  private static func train(_ folder: Scratch, _ run: String, _ more: String...) throws {
    try Program.run(["train", "gru", "--run", run] + tiny + more, in: folder).required()
  }

  @Test("a run stands in the table of next items alone, mixed with counts, and beside them")
  func compared() throws {
    let folder = Scratch()
    try Self.train(folder, "one")
    try Self.train(folder, "two", "--networks", "2", "--seed", "3")
    let compared = try Program.run(
      ["compare", "--all", "--run", "one", "--run", "two", "--device", "cpu"], in: folder)
    #expect(compared.code == 0, "\(compared.description)")
    #expect(
      compared.error.firstMatch(
        of: /one: mixture of GRU 0\.\d, counts of window \d+, .* chosen on the validation ratings/)
        != nil, "\(compared.error)")
    #expect(
      compared.error.contains("one: mixture of three: GRU ")
        && compared.error.contains("one: best session kNN of window "), "\(compared.error)")
    for line in [
      "one: GRU, GRU and chosen counts, chosen counts, best counts, best session kNN,", "\nGRU ",
      "\nGRU and chosen counts ", "\nbest session kNN ", "\nbest session kNN, refitted ",
      "\nGRU, chosen counts and best session kNN ",
      "\nGRU, chosen counts and best session kNN, refitted ",
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
    let compared = try Program.run(
      ["compare", "--all", "--run", "group", "--device", "cpu"], in: folder)
    #expect(compared.output.contains("\nGRU, group/seed-1 "), "\(compared.description)")
    try Self.train(folder, "alone")
    #expect(
      try folder.data("alone/checkpoint.safetensors")
        == folder.data("group/seed-0/checkpoint.safetensors"))
    expectRefused(
      try Program.run(
        ["train", "gru", "--run", "alone", "--hidden", "9", "--device", "cpu"], in: folder), 1,
      "--hidden 8, not 9")
    expectRefused(
      try Program.run(
        ["train", "gru", "--run", "new", "--dropout", "1", "--device", "cpu"], in: folder), 1,
      "dropout is 1.0; it must be 0 or more and below 1")
  }

  @Test("sessions of clicks are learned and compared, and a fault in them is said where it is")
  func sessions() throws {
    let folder = Scratch()
    func write(_ name: String, _ sessions: [[Int]]) throws {
      let text = sessions.map { $0.map(String.init).joined(separator: " ") + "\n" }.joined()
      try folder.write(name, text)
    }
    func pairs(_ numbers: Range<Int>) -> [[Int]] {
      numbers.map { number in (0..<5).map { 10 + (number * 7 % 20) ^ ($0 % 2) } }
    }
    try write("train.txt", pairs(0..<200))
    try write("test.txt", pairs(200..<240))
    let small = ["--device", "cpu", "--dimension", "8", "--hidden", "8", "--batch-size", "60"]
    let train = ["train", "gru", "--run", "run", "--sessions", "train.txt", "--test", "test.txt"]
    let trained = try Program.run(train + small, in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let again = try Program.run(["train", "gru", "--run", "run", "--device", "cpu"], in: folder)
    #expect(again.code == 0, "\(again.description)")
    let compared = try Program.run(
      ["compare", "--all", "--run", "run", "--device", "cpu"], in: folder)
    #expect(compared.code == 0, "\(compared.description)")
    for text in [
      "MRR@20", "held-out clicks of 40 sessions", "\nGRU and chosen counts ", "1,200 clicks",
      "\nbest session kNN, refitted ",
    ] {
      #expect(compared.output.contains(text), "\(text): \(compared.output)")
    }
    #expect(!compared.output.contains("PMF") && !compared.output.contains("ranking held-out"))
    let baselines = try Program.run(
      ["compare", "--all", "--baselines-only", "--sessions", "train.txt", "--test", "test.txt"],
      in: folder)
    #expect(baselines.output.contains("\nwindowed Markov "), "\(baselines.description)")
    try folder.write("bad.txt", "1 2\n3 four 5\n")
    expectRefused(
      try Program.run(
        ["train", "gru", "--run", "new", "--sessions", "bad.txt", "--device", "cpu"], in: folder),
      1,
      "bad.txt, line 2: the item \"four\"")
    expectRefused(
      try Program.run(train + ["--test-fraction", "0.3", "--fresh"], in: folder), 64,
      "--test-fraction is 0.3, and the sessions for test are named")
    expectRefused(
      try Program.run(["train", "gru", "--run", "new", "--test", "test.txt"], in: folder), 64,
      "add --sessions SOURCE")
    expectRefused(
      try Program.run(
        [
          "train", "gru", "--run", "new", "--sessions", "train.txt", "--split", "latest",
          "--device", "cpu",
        ], in: folder
      ),
      1, "use --split sessions")
  }

  @Test("a head is trained, shown alone, and refused where it cannot be")
  func head() throws {
    let folder = Scratch()
    try Self.train(folder, "sqn", "--head", "q", "--discount", "0.3", "--shuffle-rewards")
    try Self.train(folder, "sac", "--head", "sac", "--actor-delay", "1")
    let compared = try Program.run(
      ["compare", "--all", "--run", "sqn", "--run", "sac", "--device", "cpu"], in: folder)
    #expect(
      compared.output.contains("\nSQN ") && compared.output.contains("\nSAC "),
      "\(compared.description)")
    expectRefused(
      try Program.run(
        ["train", "gru", "--run", "new", "--discount", "0.3"] + Self.tiny, in: folder),
      64, "--discount is an option of a head, and there is none; add --head q")
    expectRefused(
      try Program.run(
        ["train", "gru", "--run", "new", "--head", "q", "--discount", "1"] + Self.tiny, in: folder),
      1, "discount is 1.0")
  }

  @Test("without validation ratings the last epoch counts, and the weights are equal")
  func unvalidated() throws {
    let folder = Scratch()
    try Self.train(folder, "run", "--validation-fraction", "0")
    let compared = try Program.run(
      ["compare", "--all", "--run", "run", "--device", "cpu"], in: folder)
    #expect(
      compared.code == 0 && compared.error.contains("mixture of equal weights"),
      "\(compared.description)")
  }
}
