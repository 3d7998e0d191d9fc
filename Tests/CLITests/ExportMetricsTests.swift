import Foundation
import TestSupport
import Testing

@Suite("Metrics for other programs")
struct ExportMetricsTests {
  /// Q-learning of a few reports.
  private static func trained(_ more: String...) throws -> Scratch {
    let folder = Scratch()
    let outcome = try Program.run(
      ["train", "q", "--env", "cliff", "--steps", "2000", "--run", "run"] + more, in: folder,
      environment: ["SOURCE_DATE_EPOCH": "1700000000"])
    #expect(outcome.code == 0, "\(outcome.description)")
    return folder
  }

  /// The numbers of a run's metrics by kind, step, time and name.
  private static func rows(_ folder: Scratch, _ run: String) throws -> [[String]: Double] {
    var rows: [[String]: Double] = [:]
    for line in try folder.text("\(run)/metrics.jsonl").split(separator: "\n") {
      var fields = try object(String(line))
      let head = ["kind", "step", "time"].map { "\(fields.removeValue(forKey: $0) ?? "")" }
      for (name, value) in fields {
        if let number = value as? NSNumber { rows[head + [name]] = number.doubleValue }
      }
    }
    return rows
  }

  @Test("as a table have a row for each number of each run")
  func table() throws {
    let folder = try Self.trained("--seeds", "2")
    let outcome = try Program.run(["export", "csv", "run", "--out", "m.csv"], in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    let lines = try folder.text("m.csv").split(separator: "\n").map { $0.split(separator: ",") }
    #expect(lines[0] == ["run", "kind", "step", "time", "name", "value"])
    for run in ["run/seed-0", "run/seed-1"] {
      let found = lines.dropFirst().filter { $0[0] == run }
      let wanted = try Self.rows(folder, run)
      #expect(wanted.count > 40 && found.count == wanted.count)
      for row in found {
        let value = try #require(wanted[row[1...4].map(String.init)], "\(row)")
        // Foundation's JSON reads sixteen digits.
        #expect(abs(try #require(Double(row[5])) - value) <= 1e-14 * abs(value), "\(row)")
      }
    }
    #expect(lines.dropFirst().allSatisfy { ["run/seed-0", "run/seed-1"].contains($0[0]) })
    let json = try Program.run(
      ["export", "csv", "run", "--out", "m.jsonl", "--json"], in: folder)
    #expect(json.code == 0, "\(json.description)")
    #expect(try object(json.output)["runs"] as? [String] == ["run/seed-0", "run/seed-1"])
    let rows = try folder.text("m.jsonl").split(separator: "\n")
    #expect(rows.count == lines.count - 1)
    #expect(try rows.allSatisfy { try object(String($0)).count == 6 })
  }

  @Test("as a store of MLflow are what MLflow reads")
  func store() throws {
    let folder = try Self.trained("--seeds", "2")
    for _ in 0..<2 {
      let outcome = try Program.run(["export", "mlflow", "run", "--out", "mlruns"], in: folder)
      #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    }
    let output = try Python.output(
      of: """
        import json, os, sys
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        from mlflow.tracking import MlflowClient
        client = MlflowClient("file://" + sys.argv[1] + "/mlruns")
        experiment = client.get_experiment_by_name("drr")
        runs = client.search_runs([experiment.experiment_id])
        assert {run.info.run_name for run in runs} == {"run/seed-0", "run/seed-1"}, runs
        for run in runs:
          assert run.info.status == "FINISHED"
          assert (run.info.start_time, run.info.end_time) == (1700000000000, 1700000000000)
          assert run.data.tags["mlflow.source.name"] == "drr train q", run.data.tags
          folder = sys.argv[1] + "/" + run.info.run_name
          settings = json.load(open(folder + "/config.json"))["settings"]
          for name in ("steps", "seed", "environment", "episodeLimit"):
            assert run.data.params[name] == str(settings[name]), name
          wanted = {}
          for line in open(folder + "/metrics.jsonl"):
            line = json.loads(line)
            kind, step, time = line.pop("kind"), line.pop("step"), line.pop("time")
            for name, value in line.items():
              wanted.setdefault(kind + "/" + name, []).append((step, 1000 * time, value))
          assert set(run.data.metrics) == set(wanted)
          for name, points in wanted.items():
            history = client.get_metric_history(run.info.run_id, name)
            assert [(m.step, m.timestamp, m.value) for m in history] == points, name
            assert run.data.metrics[name] == points[-1][2]
        print(len(wanted))
        """, [folder.path], importing: "mlflow")
    if let output { #expect(output.hasSuffix("7\n"), "\(output)") }
  }

  @Test("that are not there are asked for", arguments: ["tensorboard", "csv", "mlflow"])
  func absent(form: String) throws {
    let folder = try Self.trained()
    let out = form == "csv" ? "out.csv" : "out"
    expectRefused(
      try Program.run(["export", form, "nothing", "--out", out], in: folder), 1,
      "nothing: no run was started there; use `drr train drr --run nothing`")
    try folder.remove("run/metrics.jsonl")
    expectRefused(
      try Program.run(["export", form, "run", "--out", out], in: folder), 1,
      "run has no metrics: nothing was reported on the way; what its training came to is in "
        + "run/report.json")
    try folder.remove("run/report.json")
    expectRefused(
      try Program.run(["export", form, "run", "--out", out], in: folder), 1,
      "run has no metrics: nothing was reported on the way; go on with it by `drr train q --run run`"
    )
    #expect(!folder.exists(out))
  }

  /// Metrics are a file that anybody may have changed.
  @Test("of any content are read without harm", arguments: ["tensorboard", "csv", "mlflow"])
  func strange(form: String) throws {
    let folder = try Self.trained()
    try folder.write(
      "run/metrics.jsonl",
      """
      {"kind":"q","step":1,"time":1e300,"a":"nan","b":1e300,"c":"-inf"}
      {"kind":"../../../..","step":2,"time":3,"../up":1,"/":2}
      {"kind":"q","step":1e300,"time":3,"a":1}
      {"kind":"q","step":-4,"h":{"edges":[0,1,2],"counts":[9e18,9e18]},"g":{"edges":[],"counts":[]}}
      not JSON
      {"kind":"q","step":5,"time":"late","a":true}
      """)
    let out = form == "csv" ? "out.csv" : "deep/out"
    let outcome = try Program.run(["export", form, "run", "--out", out], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.hasPrefix("\(out): 4 lines of metrics of one run"))
    #expect(folder.names == (form == "csv" ? ["out.csv", "run"] : ["deep", "run"]))
  }

  @Test("need a place and a run to be followed in")
  func options() throws {
    let folder = Scratch()
    expectRefused(
      try Program.run(["export", "csv", "run", "--out", "table.txt"], in: folder), 64,
      "--out is table.txt; its name must end in .csv or .jsonl.")
    expectRefused(
      try Program.run(["bandit", "arms", "--tensorboard"], in: folder), 64,
      "--tensorboard is given without --run; name a folder by --run.")
  }
}
