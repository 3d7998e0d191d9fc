import DRRCore
import Essentials
import Feedback
import Hummingbird
import HummingbirdCore
import Logging
import Metrics
import NIOCore
import Platform
import ServiceLifecycle
import Tensor
import UnixSignals

/// Recommends over HTTP until it is told to stop.
package struct Server: Sendable {
  /// Whose models are served, where and how.
  package struct Settings: Sendable {
    /// A model by its name, its folder and its share of the users.
    package var models: [(name: String, folder: String, traffic: Double)] = []
    package var host = "127.0.0.1"
    /// 0: any that is free.
    package var port = 8080
    /// Of the feedback log; nil: feedback is forgotten with the process.
    package var log: String?
    package var logging = FeedbackLog.Settings()
    /// nil: the best items in order.
    package var exploration: Exploration?
    /// nil: models stay as they are.
    package var learning: OnlineLearner.Settings?
    package var seed: UInt64 = 0
    package var token: String?
    /// Names that the Host header may have beside those of this machine.
    package var hosts: [String] = []
    package var connections = 1_024
    /// Seconds after which a connection that says nothing is closed.
    package var idleSeconds = 60
    /// Seconds that requests under way have after a signal.
    package var drainSeconds = 10
    package var logsRequests = false

    package init() {}

    /// Whether other machines reach it.
    package var isOpen: Bool { !Self.loopback.contains(host) }

    static let loopback = ["127.0.0.1", "localhost", "::1", "[::1]"]

    /// - Throws: where a setting is out of its range.
    package func validate() throws(ConfigurationError) {
      try ConfigurationError.require("port", port, in: 0...65_535)
      try ConfigurationError.require("connections", connections, in: 1...65_536)
      try exploration?.validate()
      try learning?.validate()
    }
  }

  private let settings: Settings
  private let recommender: Recommender
  private let note: @Sendable (String) -> Void
  private let metrics: PrometheusMetrics

  /// Reads the models and the log.
  ///
  /// - Parameter note: takes lines for whoever started it.
  /// - Throws: `ServingError` or `FeedbackError` where a model or the log cannot be read.
  package init(
    _ settings: Settings, on makeBackend: @escaping @Sendable () throws -> any Backend,
    note: @escaping @Sendable (String) -> Void
  ) throws {
    try settings.validate()
    self.settings = settings
    self.note = note
    metrics = Self.metrics
    let models = try Models(
      settings.models.map { .init(name: $0.name, folder: $0.folder, traffic: $0.traffic) },
      learning: settings.learning, on: makeBackend)
    let store = try FeedbackStore(
      folder: settings.log, settings.logging, learners: try models.learners())
    if let cut = store.log?.cut {
      note(
        "log: the end of the last segment was torn: cut \(cut.lines) lines, "
          + "\(grouped(cut.bytes)) bytes, that no disk had")
    }
    recommender = Recommender(
      models: models, store: store, exploration: settings.exploration, seed: settings.seed)
  }

  /// Of this process: swift-metrics has one place for them.
  private static let metrics: PrometheusMetrics = {
    let metrics = PrometheusMetrics()
    MetricsSystem.bootstrap(metrics)
    return metrics
  }()

  /// Why nothing can be served, and what to do.
  package static func reason(of error: any Error) -> String {
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE: "another program listens there; name another --port, or 0 for a free one"
    case EACCES: "the port is not this user's to take; name one above 1023"
    case EADDRNOTAVAIL: "the address is none of this machine's; name another --host"
    default: "\(error)"
    }
  }

  /// What is served, a line a model.
  package var summary: [String] {
    zip(recommender.models.all, recommender.models.shares).map { model, share in
      "\(model.name): \(model.model.header.agent) of \(model.model.items.count) items"
        + (recommender.models.all.count > 1 ? ", \(decimal(100 * share, 1))% of the users" : "")
    }
  }

  /// Users of whom the log tells something.
  package var userCount: Int { recommender.store.userCount }

  /// Answers until SIGTERM or SIGINT, and then ends what is under way. SIGHUP reads the models
  /// again.
  ///
  /// - Parameter ready: told of the port.
  package func run(ready: @escaping @Sendable (Int) -> Void) async throws {
    var logger = Logger(label: "drr") { [note] _ in ServerLog(level: .notice, write: note) }
    logger.logLevel = settings.logsRequests ? .info : .error
    let hosts: Set<String>? =
      settings.isOpen && settings.hosts.isEmpty
      ? nil
      : Set(
        (settings.isOpen ? [settings.host] : ["127.0.0.1", "localhost", "[::1]"])
          + settings.hosts.map { $0.lowercased() })
    let router = Routes(
      recommender: recommender, metrics: metrics,
      access: Access(token: settings.token, hosts: hosts), note: note
    ).router
    if settings.logsRequests { router.add(middleware: LogRequestsMiddleware(.info)) }
    let server = Application(
      router: router,
      server: .http1(
        configuration: .init(
          idleTimeout: .seconds(Int64(settings.idleSeconds)),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: "drr",
        availableConnectionsDelegate: MaximumAvailableConnections(settings.connections)),
      onServerRunning: { ready($0.localAddress?.port ?? 0) }, logger: logger)
    var group = ServiceGroupConfiguration(
      services: [server, Reloading(recommender: recommender, note: note)],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(settings.drainSeconds)
    try await ServiceGroup(configuration: group).run()
    try recommender.store.writeSnapshot()
  }
}

/// Reads the models again at SIGHUP.
private struct Reloading: Service {
  let recommender: Recommender
  let note: @Sendable (String) -> Void

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      do {
        for model in try recommender.models.reload(recommender.store) {
          note("\(model.model): \(model.before) → \(model.now)")
        }
      } catch {
        note("\(error); the models before go on answering")
      }
    }
  }
}
