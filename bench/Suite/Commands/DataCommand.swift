import ArgumentParser
import DRR
import Essentials
import Tensor
import Terminal

/// Reading ratings: rows a second, and the memory that it takes.
struct DataCommand: MeasuringCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Time reading a CSV of ratings, beside pandas.read_csv.",
    discussion: """
      Each reading is a process of its own, so that its peak memory is its own; they take turns. \
      Ours gives a log sorted by user and time with its ids numbered and a checksum; pandas gives \
      the columns.

      Examples:
        drr bench data --size medium
        drr bench data --csv ratings.csv --threads 1
      """)

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Generated ratings: tiny, small, medium (1 million) or large (25 million).")
  var size = "large"
  @Option(help: "A CSV to read in place of a generated one.")
  var csv: String?
  @Option(help: "Where the generated CSV is written for the while.")
  var folder: String?
  @Flag(help: .hidden)
  var worker = false

  func validate() throws {
    guard GeneratedRatings.Size(rawValue: size) != nil else {
      let sizes = GeneratedRatings.Size.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--size is \(size); it must be one of \(sizes).")
    }
  }

  private struct Reading: Codable {
    var seconds: Double
    var cpu: Double
    var rows: Int
    var peakBytes: Int
  }

  func run() throws {
    guard worker, let csv else { return try printReport() }
    let (start, busy) = (ContinuousClock.now, processSeconds())
    let log = try RatingsSource.load(csv)
    let reading = Reading(
      seconds: (ContinuousClock.now - start).seconds, cpu: processSeconds() - busy,
      rows: log.count, peakBytes: peakMemory() ?? 0)
    print(try RunFolder.json(reading))
  }

  func figures(in room: Room) throws -> [Figure] {
    let rounds = min(room.harness.rounds, 3)
    room.begin(1 + rounds)
    var generated: TemporaryFolder?
    let file: String
    if let csv {
      file = csv
    } else {
      room.step("writing \(size) ratings")
      let made = try TemporaryFolder(in: folder)
      generated = made
      try GeneratedRatings(size: GeneratedRatings.Size(rawValue: size)!).write(to: made.path)
      file = made.path + "/ratings.csv"
    }
    defer { withExtendedLifetime(generated) {} }

    var (ours, theirs, last) = (Samples(), Samples(), Reading?.none)
    var pandas: Peer.Answer?
    let peer = room.peer("pandas.read_csv", "pandas_csv.py", [file])
    for _ in 0..<rounds {
      room.step("reading")
      let output = try ChildProcess.again(
        Latency.prefix + ["data", "--csv", file, "--worker"])
      let reading = try JSONDecoder().decode(Reading.self, from: Data(output.utf8))
      ours.wall.append(reading.seconds)
      ours.cpu.append(reading.cpu)
      last = reading
      guard !measuring.noPeers else { continue }
      switch try peer.run(threads: room.threads, rounds: 1, python: measuring.python) {
      case .success(let answer):
        pandas = answer
        theirs = theirs + (answer["read"] ?? Samples())
      case .failure(let absence): room.skip(absence.description)
      }
    }
    guard let last else { return [] }
    var figure = Figure("data", "read \(last.rows) ratings from CSV", ours, in: room)
    if let time = figure.time {
      figure.values = [
        "rows/s": Double(last.rows) / time.median,
        "peak MB": Double(last.peakBytes) / 1e6,
      ]
    }
    if let pandas {
      figure.add(peer: pandas.peer, theirs)
      figure.note = pandas.note
    }
    return [figure]
  }
}
