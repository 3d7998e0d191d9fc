import DRRCore
import Essentials
import Tensor

/// Environments that another program answers for, at a Unix socket: the other end of what
/// ``GymSession`` does.
public final class RemoteWorld {
  /// What it is known by: what a run in it depends on, beside its draws.
  public struct Identity: Codable, Hashable, Sendable {
    /// What people call it.
    public var name: String
    /// B, environments that step together.
    public var environments: Int
    /// What is seen.
    public var observations: Space
    /// What is chosen.
    public var actions: Space
  }

  /// What it is known by.
  public let identity: Identity
  private let connection: LocalConnection
  private let hasMasks: Bool
  /// [B, W], what is seen now.
  private(set) var observations: Numbers
  /// [B, N]: which actions may be chosen next; nil where all may.
  private(set) var allowed: ItemMask?
  /// Joint steps since the run began, those of earlier processes among them.
  private(set) var steps = 0
  /// Whether no environment has stepped since the last reset.
  private var isFresh = true
  private let seed: UInt64

  /// Environments of a seed, in their first episodes.
  ///
  /// - Parameter path: of the socket that the other program listens at.
  /// - Throws: `RunError` if none listens there, or it speaks of what cannot be.
  public init(at path: String, seed: UInt64) throws {
    connection = try LocalSocket.connection(to: path)
    let hello = try Self.receiveHello(connection, path)
    identity = Identity(
      name: hello.world, environments: hello.count, observations: hello.observationSpace,
      actions: hello.actionSpace)
    hasMasks = hello.masks
    self.seed = seed
    observations = .real([])
    try reset(seed: seed)
  }

  deinit { connection.close() }

  private static func receiveHello(_ connection: LocalConnection, _ path: String) throws -> Hello {
    func fault(_ what: String) -> RunError {
      RunError("--socket \(path): \(what); docs/python.md tells the messages")
    }
    let frame = try receive(from: connection, most: 1 << 20)
    guard frame.kind == Frame.Kind.hello.rawValue else {
      throw fault("the first message is of kind \(frame.kind); it must be 1, a hello")
    }
    let text = String(decoding: frame.bytes, as: UTF8.self)
    guard let version = RunFolder.value(HelloVersion.self, json: text) else {
      throw fault("the hello is no JSON with a `protocol`")
    }
    guard version.protocol == Hello.version else {
      throw fault(
        "the other program speaks protocol \(version.protocol); it must be \(Hello.version)")
    }
    let hello: Hello
    do {
      hello = try RunFolder.decoder.decode(Hello.self, from: Data(frame.bytes))
    } catch let error as DecodingError {
      throw fault("the hello cannot be read: \(error.summary)")
    }
    guard hello.autoreset == "same_step" else {
      throw fault("the autoreset is \(hello.autoreset); it must be same_step")
    }
    guard 1...65_536 ~= hello.count else {
      throw fault("num_envs is \(hello.count); it must be 1 ... 65536")
    }
    guard hello.count * hello.observationSpace.width <= 1 << 26 else {
      throw fault("\(hello.count) environments that show \(hello.observationSpace) are too many")
    }
    if hello.masks {
      guard case .discrete = hello.actionSpace else {
        throw fault("there are masks of \(hello.actionSpace); they are of Discrete alone")
      }
    }
    return hello
  }

  /// One message, whose kind may be any.
  private static func receive(from connection: LocalConnection, most: Int) throws -> Frame {
    guard let head = connection.read(Frame.headBytes) else { throw left }
    let count = Int(head.integer(at: 4, UInt32.self))
    guard count <= most else {
      throw RunError(
        "the other program sends a message of \(count) bytes; it can have \(most) at most")
    }
    guard let bytes = connection.read(count) else { throw left }
    return Frame(kind: head.integer(at: 0, UInt32.self), bytes)
  }

  private static var left: RunError {
    RunError(
      "the program that answered for the world has left; what was saved stays: start it again, and "
        + "go on by the same command")
  }

  /// B.
  var count: Int { identity.environments }

  /// Begins all environments anew, of a seed.
  private func reset(seed: UInt64) throws {
    var bytes: [UInt8] = []
    bytes.append(bits: seed)
    try begin(bytes)
  }

  private func begin(_ bytes: [UInt8]) throws {
    let outcome = try ask(Frame(.reset, bytes))
    guard !outcome.terminated.contains(true), !outcome.truncated.contains(true) else {
      throw RunError("an episode of \(identity.name) has ended by its reset")
    }
    isFresh = true
  }

  /// Begins the next episode in each.
  func beginEpisodes() throws { if !isFresh { try begin([]) } }

  /// Takes actions [B, A].
  ///
  /// - Throws: `RunError` if the other program has left, refuses them, or answers by no numbers.
  func step(_ actions: Numbers) throws -> GymOutcome {
    var bytes: [UInt8] = []
    bytes.append(actions)
    let outcome = try ask(Frame(.step, bytes))
    steps += 1
    isFresh = false
    return outcome
  }

  private func ask(_ question: Frame) throws -> GymOutcome {
    guard connection.write(question.encoded) else { throw Self.left }
    let (b, w) = (count, identity.observations.width)
    let masked = hasMasks ? b * identity.actions.count : 0
    let frame = try Self.receive(from: connection, most: 8 * b * w + 6 * b + masked + 1 << 16)
    switch Frame.Kind(rawValue: frame.kind) {
    case .state: break
    case .refused:
      throw RunError(
        "\(identity.name) was refused: \(String(decoding: frame.bytes, as: UTF8.self))")
    default:
      throw RunError(
        "\(identity.name) answers by a message of kind \(frame.kind); it must be 2, a state")
    }
    let least = 4 * b * w + 6 * b + masked
    let flags = frame.bytes[min(4 * b * w + 4 * b, frame.bytes.count)...].prefix(2 * b)
    let first = flags.startIndex
    let ended = (0..<b).filter {
      flags.count == 2 * b && (flags[first + $0] != 0 || flags[first + b + $0] != 0)
    }
    guard frame.bytes.count == least + 4 * ended.count * w else {
      throw RunError(
        "a state of \(identity.name) has \(frame.bytes.count) bytes; it must have "
          + "\(least + 4 * ended.count * w), of \(b) environments of which \(ended.count) ended")
    }
    let terminated = (0..<b).map { flags[first + $0] != 0 }
    let observations = try numbers(frame.bytes, at: 0, of: Array(0..<b))
    let rewards = (0..<b).map {
      Float(bitPattern: frame.bytes.integer(at: 4 * (b * w + $0), UInt32.self))
    }
    if let row = rewards.firstIndex(where: { !$0.isFinite }) {
      throw RunError("the reward of environment \(row) is \(rewards[row]); it must be a number")
    }
    let allowed = try hasMasks ? mask(frame.bytes[(least - masked)..<least]) : nil
    let last = try numbers(frame.bytes, at: least, of: ended)
    (self.observations, self.allowed) = (observations, allowed)
    return GymOutcome(
      rewards: rewards, terminated: terminated,
      truncated: (0..<b).map { flags[first + b + $0] != 0 && !terminated[$0] }, last: last)
  }

  /// Observations of some environments, whose bytes begin at a place.
  private func numbers(_ bytes: [UInt8], at place: Int, of rows: [Int]) throws -> Numbers {
    let w = identity.observations.width
    let words = (0..<rows.count * w).map { bytes.integer(at: place + 4 * $0, UInt32.self) }
    func fault(_ at: Int, _ value: some Any, _ expected: String) -> RunError {
      RunError(
        "number \(at % w) of what environment \(rows[at / w]) shows is \(value); it must be "
          + expected)
    }
    guard case .discrete(let n) = identity.observations else {
      let floats = words.map { Float(bitPattern: $0) }
      if let at = floats.firstIndex(where: { !$0.isFinite }) {
        throw fault(at, floats[at], "a number")
      }
      return .real(floats)
    }
    let whole = words.map { Int32(bitPattern: $0) }
    if let at = whole.firstIndex(where: { $0 < 0 || $0 >= n }) {
      throw fault(at, whole[at], "0 ..< \(n)")
    }
    return .whole(whole)
  }

  private func mask(_ flags: ArraySlice<UInt8>) throws -> ItemMask {
    let n = identity.actions.count
    var mask = ItemMask(rows: count, items: n, allowed: false)
    for (at, flag) in flags.enumerated() where flag != 0 { mask[at / n, at % n] = true }
    if let row = (0..<count).first(where: { mask.count(row: $0) == 0 }) {
      throw RunError("environment \(row) allows no action; it must allow one at least")
    }
    return mask
  }

  /// Adds how far it has come. Where its episodes are is the other program's to know.
  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).steps", [Int64(steps)])
  }

  /// Begins new episodes, other ones than those that it began with.
  func restore(from file: SafetensorsFile, _ prefix: String) throws {
    steps = try file.integer("\(prefix).steps", .count)
    try reset(seed: seed &+ UInt64(steps))
  }
}

extension Space {
  /// Actions that there are to choose from; 0 where they cannot be counted.
  package var count: Int {
    guard case .discrete(let n) = self else { return 0 }
    return n
  }
}
