/// A part of a run that is trained for itself, with a checkpoint of its own.
public struct Stage<Settings: RunSettings>: Sendable {
  /// As its checkpoint names it.
  public var kind: String
  /// As lines of the metrics name it.
  public var line: String
  /// The file of its checkpoint.
  public var path: String
  /// What its result depends on.
  public var settings: Settings
  /// The learning rates, for the message of a training that diverged; nil if there are none.
  public var learningRates: String?
  /// What is counted, such as "DQN steps".
  public var unit: String

  /// What older programs called its lines of the metrics.
  package var olderLineKinds: [String] = []

  /// A stage whose lines of the metrics are named `kind` too.
  public init(kind: String, path: String, settings: Settings, unit: String) {
    self.kind = kind
    line = kind
    self.path = path
    self.settings = settings
    self.unit = unit
  }

  /// Kinds of its lines of the metrics.
  var lineKinds: [String] { [line, MetricsLine.validation] + olderLineKinds }
}
