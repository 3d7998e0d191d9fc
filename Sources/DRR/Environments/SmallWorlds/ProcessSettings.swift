import DRRCore
import DRRData

/// Settings of a run in a tabular MDP: a built-in one, or that of a file.
public protocol ProcessSettings: RunSettings {
  /// The built-in process, where no file has one.
  var environment: SmallProcess { get set }
  /// A process of a file, in the place of ``environment``.
  var file: ProcessFile? { get set }
  /// γ; nil: that of the process.
  var discount: Double? { get set }
}

extension ProcessSettings {
  /// Where the file lies is no part of what results depend on.
  public var identity: Self {
    var identity = self
    if let file { identity.file = ProcessFile(path: "", start: nil, checksum: file.checksum) }
    return identity
  }

  public func firstDifference(from begun: Self) -> SettingDifference? {
    var change = firstSettingThatDiffers(begun.identity, identity)
    if file?.checksum != begun.file?.checksum {
      change?.name = "environment"
      change?.begun = begun.world
      change?.wanted = world
    }
    return change
  }

  /// What the process is known by.
  private var world: String {
    file.map { "\(name) of checksum \($0.checksum)" } ?? name
  }

  /// What people call the process.
  package var name: String { file?.path.lastPathPart ?? environment.rawValue }

  /// How many states and actions the process has.
  package var size: (states: Int, actions: Int) {
    if let states = file?.states, let actions = file?.actions { return (states, actions) }
    let process = environment.process
    return (process.states.count, process.actions.count)
  }

  /// The process itself.
  ///
  /// - Parameter read: that of ``file``; nil where there is no file.
  /// - Throws: `ConfigurationError` where there is a file, and it was not read.
  package func process(_ read: FiniteProcess?) throws(ConfigurationError) -> FiniteProcess {
    if let read { return read }
    guard let file else { return environment.process }
    throw ConfigurationError("the process is that of \(file.path), which was not read")
  }
}
