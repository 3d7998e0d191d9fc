import ArgumentParser
import DRR

extension ExportCommand {
  struct MLflow: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "mlflow",
      abstract: "Write a run's metrics and settings into MLflow's file store.",
      discussion: """
        The runs are in the experiment drr of the store, which is made where it is missing: settings \
        as parameters, numbers of the metrics as kind/number. Written again, a run takes its own \
        place. MLflow 3 reads such a store where MLFLOW_ALLOW_FILE_STORE is true, or moves it into a \
        database by mlflow migrate-filestore.

        Examples:
          drr export mlflow runs/many --out mlruns
          MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri mlruns
        """)

    @OptionGroup var metrics: MetricsOptions
    @OptionGroup var folder: ExportFolder

    func run() throws {
      let runs = try metrics.runs()
      let store = MLflowStore(folder.out)
      for run in runs { try store.add(run, called: run.folder.path) }
      try metrics.tell(runs, folder.out)
    }
  }
}
