/// Every setting of one algorithm's run, resolved: what its folder keeps as `config.json`.
public protocol RunSettings: Codable, Hashable, Sendable {
  /// The algorithms that a run of these settings can be of.
  static var algorithms: [String] { get }
  /// The one that this run is of, as `config.json` names it.
  var algorithm: String { get }
  /// What a run of these settings is, such as "a Q-learning run".
  var title: String { get }
  /// The command that trains it, such as "train q".
  var command: String { get }
  /// The commands that use what was trained.
  var uses: [String] { get }
  /// The first seed of all that is drawn.
  var seed: UInt64 { get set }
  /// What results depend on. Where the data lie is no part of it.
  var identity: Self { get }
  /// The first setting that differs from those that a run was started with; nil if this run may go
  /// on with it.
  func firstDifference(from begun: Self) -> SettingDifference?
  /// Steps in all; nil where only the data tell.
  var totalSteps: Int? { get }
  /// What training takes of memory, as far as the settings alone tell.
  var memory: MemoryNeed { get }
  /// What else older programs called a stage in its checkpoint.
  static func olderKinds(of stage: String) -> [String]
  /// These settings as the member of a group of runs.
  func member(seed: UInt64, split: UInt64) -> Self
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  func validate() throws
}

extension RunSettings {
  public var algorithm: String { Self.algorithms[0] }
  public var title: String { "a run of \(algorithm)" }
  public var command: String { "train \(algorithm)" }
  public var uses: [String] { [command] }
  public var identity: Self { self }
  public var totalSteps: Int? { nil }
  public var memory: MemoryNeed { MemoryNeed() }
  public static func olderKinds(of stage: String) -> [String] { [] }

  public func firstDifference(from begun: Self) -> SettingDifference? {
    firstSettingThatDiffers(begun.identity, identity)
  }

  public func member(seed: UInt64, split: UInt64) -> Self {
    var member = self
    member.seed &+= seed
    return member
  }
}
