import ArgumentParser

/// The commands of `drr` but for `bench`, in the order of its help. They are a library, so that they
/// are built beside the benchmarks and not after them.
package var commands: [any ParsableCommand.Type] {
  [
    DevicesCommand.self, DataCommand.self, TrainCommand.self, EvaluateCommand.self,
    CompareCommand.self, SimulateCommand.self, RecommendCommand.self, ServeCommand.self,
    ExportCommand.self,
    ReportCommand.self, RunsCommand.self, ConfigCommand.self, SearchCommand.self, WatchCommand.self,
    TermsCommand.self, BanditCommand.self, OpeCommand.self, PromoteCommand.self,
  ]
}
