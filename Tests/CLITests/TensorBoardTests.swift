import Foundation
import TestSupport
import Testing

/// TensorBoard itself, as the judge of our event files.
@Suite("Event files that TensorBoard reads")
struct TensorBoardTests {
  private static let events = "tensorboard/events.out.tfevents.drr"

  private static func world(_ run: String, _ more: String...) -> [String] {
    [
      "train", "dqn", "--run", run, "--env", "cliff", "--steps", "400", "--hidden", "8",
      "--batch-size", "16", "--learning-starts", "50", "--device", "cpu",
    ] + more
  }

  private static func tensorboard(_ script: String, _ arguments: [String]) throws -> String? {
    try Python.output(
      of: """
        import json, sys
        import numpy as np
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.plugins.hparams import metadata

        def opened(folder):
          found = EventAccumulator(folder, size_guidance={"scalars": 0, "histograms": 0})
          return found.Reload()

        def plugin(found, tag, parse):
          return parse(found.SummaryMetadata(tag).plugin_data.content)

        """ + script, arguments, importing: "tensorboard, numpy")
  }

  /// Every number of the metrics, and no other, with step and time; settings; the end.
  private static let comparison = """
    def compare(folder, run, finished=True):
      found = opened(folder)
      assert found.file_version == 2.0, found.file_version
      wanted, histograms, times = {}, {}, []
      for line in open(run + "/metrics.jsonl"):
        line = json.loads(line)
        kind, step, time = line.pop("kind"), line.pop("step"), line.pop("time")
        times.append(time)
        for name, value in line.items():
          if isinstance(value, dict):
            histograms.setdefault(kind + "/" + name, []).append((step, time, value))
          elif isinstance(value, (int, float)):
            wanted.setdefault(kind + "/" + name, []).append((step, time, float(np.float32(value))))
      assert set(found.Tags()["scalars"]) == set(wanted), found.Tags()["scalars"]
      for tag, points in wanted.items():
        assert [(e.step, e.wall_time, e.value) for e in found.Scalars(tag)] == points, tag
      assert set(found.Tags()["histograms"]) == set(histograms), found.Tags()["histograms"]
      for tag, points in histograms.items():
        events = found.Histograms(tag)
        assert [(e.step, e.wall_time) for e in events] == [p[:2] for p in points], tag
        for event, (_, _, value) in zip(events, points):
          h = event.histogram_value
          assert [h.min] + list(h.bucket_limit) == value["edges"] and h.max == value["edges"][-1]
          assert list(h.bucket) == value["counts"] and h.num == sum(value["counts"])
      start = plugin(found, metadata.SESSION_START_INFO_TAG, metadata.parse_session_start_info_plugin_data)
      def leaves(value, path=""):
        if isinstance(value, dict):
          for key, inner in value.items():
            yield from leaves(inner, path + "." + key if path else key)
        else:
          yield path, value
      config = json.load(open(run + "/config.json"))
      settings = dict(leaves(config["settings"]))
      told = {}
      for name, value in start.hparams.items():
        told[name] = getattr(value, value.WhichOneof("kind"))
      same = [name for name in told if name in settings]
      assert len(same) > 10, told
      for name in same:
        # A list is told as its text.
        value = json.loads(told[name]) if isinstance(settings[name], list) else told[name]
        assert value == settings[name], (name, value, settings[name])
      if finished:
        end = plugin(found, metadata.SESSION_END_INFO_TAG, metadata.parse_session_end_info_plugin_data)
        assert end.status == 1 and end.end_time_secs == times[-1], end
      return found, len(wanted), len(histograms)

    """

  @Test("of a run that trains have every number, the settings and the end")
  func live() throws {
    let folder = Scratch()
    let trained = try Program.run(
      Self.world("run", "--tensorboard"), in: folder,
      environment: ["SOURCE_DATE_EPOCH": "1700000000"])
    #expect(trained.code == 0, "\(trained.description)")
    let output = try Self.tensorboard(
      Self.comparison + "print(*compare(sys.argv[1] + '/tensorboard', sys.argv[1])[1:])",
      [folder.path + "/run"])
    if let output { #expect(output == "4 1\n") }
    // Nothing of it is in a report but curves.
    let report = try Program.run(["report", "run", "--no-lists"], in: folder)
    #expect(report.code == 0, "\(report.description)")
    let page = try folder.text("report.html")
    #expect(page.contains("Value of the greedy policy") && !page.contains("istogram"))
    // A finished run that is given again leaves the file as it is; a new one begins it anew.
    let bytes = try folder.data("run/\(Self.events)")
    #expect(
      try Program.run(
        Self.world("run"), in: folder, environment: ["SOURCE_DATE_EPOCH": "1700000000"]
      ).code == 0)
    #expect(try folder.data("run/\(Self.events)") == bytes)
    #expect(
      try Program.run(
        Self.world("run", "--fresh", "--tensorboard", "--seed", "1"), in: folder,
        environment: ["SOURCE_DATE_EPOCH": "1700000000"]
      ).code == 0)
    #expect(try folder.data("run/\(Self.events)") != bytes)
    #expect(try Program.run(Self.world("run", "--fresh"), in: folder).code == 0)
    #expect(!folder.exists("run/tensorboard"))
  }

  @Test("of slates have their values too, as returns", arguments: ["slateq", "dqn", "pg"])
  func slates(learner: String) throws {
    let folder = Scratch()
    let trained = try Program.run(
      [
        "train", "slateq", "--world", "long-term-satisfaction", "--learner", learner, "--steps",
        "8192", "--num-envs", "8", "--hidden", "8", "--episodes", "0",
        "--run", "run", "--tensorboard", "--device", "cpu",
      ], in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let output = try Self.tensorboard(
      Self.comparison + """
        found, _, _ = compare(sys.argv[1] + '/tensorboard', sys.argv[1])
        tags = found.Tags()["histograms"]
        assert tags == ([] if sys.argv[2] == "pg" else ["slateq/qHistogram"]), tags
        # A value of each of an update's 1,024 steps.
        for tag in tags:
          for event in found.Histograms(tag):
            assert event.histogram_value.num == 1024, event
        print("told")
        """, [folder.path + "/run", learner])
    if let output { #expect(output == "told\n") }
  }

  @Test("of an export are those of a run that was followed, and say what there is to compare")
  func export() throws {
    let folder = Scratch()
    let trained = try Program.run(
      Self.world("run", "--tensorboard", "--seeds", "2"), in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let outcome = try Program.run(
      ["export", "tensorboard", "run", "--out", "logs/deep"], in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    #expect(
      outcome.output
        == "logs/deep: 40 lines of metrics of 2 runs\nnext: tensorboard --logdir logs/deep\n")
    #expect(try folder.names("logs/deep") == ["seed-0", "seed-1"])
    let name = "events.out.tfevents.drr"
    let live = try (0...1).map { try folder.data("run/seed-\($0)/tensorboard/\(name)") }
    let exported = try (0...1).map { try folder.data("logs/deep/seed-\($0)/\(name)") }
    #expect(live[1] == exported[1] && live[0] != live[1])
    #expect(exported[0].starts(with: live[0]) && exported[0].count > live[0].count)
    let output = try Self.tensorboard(
      Self.comparison + """
        for seed in (0, 1):
          found, _, _ = compare("%s/logs/deep/seed-%d" % (sys.argv[1], seed), "%s/run/seed-%d" % (sys.argv[1], seed))
          if seed == 0:
            experiment = plugin(found, metadata.EXPERIMENT_TAG, metadata.parse_experiment_plugin_data)
            kinds = {info.name: info.type for info in experiment.hparam_infos}
            start = plugin(found, metadata.SESSION_START_INFO_TAG, metadata.parse_session_start_info_plugin_data)
            assert set(kinds) == set(start.hparams)
            assert (kinds["seed"], kinds["exploringStarts"], kinds["environment"]) == (3, 2, 1), kinds
            assert {info.name.tag for info in experiment.metric_infos} == set(found.Tags()["scalars"])
        print("equal")
        """, [folder.path])
    if let output { #expect(output == "equal\n") }
    // Further members, and one that lost its file, are followed as the first is.
    try folder.remove("run/seed-1/tensorboard")
    #expect(try Program.run(Self.world("run", "--seeds", "3"), in: folder).code == 0)
    #expect(try folder.data("run/seed-1/tensorboard/\(name)") == live[1])
    #expect(folder.exists("run/seed-2/tensorboard/\(name)"))
    // A member that has reported nothing is left out.
    try folder.remove("run/seed-1/metrics.jsonl")
    let one = try Program.run(["export", "tensorboard", "run", "--out", "one"], in: folder)
    #expect(
      one.code == 0
        && one.error == "warning: run/seed-1 has reported nothing yet, and is left out\n")
    #expect(try folder.names("one") == ["seed-0", "seed-2"])
  }

  @Test("are the same whether a run was killed or not, its myopic copy's too")
  func killed() throws {
    let folder = Scratch()
    func train(_ run: String, _ more: String...) -> [String] {
      ["train", "drr", "--run", run, "--data", "generated:tiny", "--device", "cpu"]
        + Tiny.settings.filter { $0 != "--no-myopic" } + more
    }
    #expect(try Program.run(train("whole", "--tensorboard"), in: folder).code == 0)
    let (kills, _) = try Program.killedUntilDone(seed: 4, first: 0.01, growth: 1.1) { kills in
      // Begun with the flag, it goes on without.
      let program = try Program(
        kills == 0 ? train("parts", "--tensorboard") : train("parts"), in: folder)
      if kills == 0 { program.until { folder.exists("parts/\(Self.events)") } }
      return program
    }
    #expect(kills >= 3)
    for place in ["", "twin/"] {
      #expect(
        try folder.data("parts/\(place)metrics.jsonl") == folder.data("whole/\(place)metrics.jsonl")
      )
      #expect(
        try folder.data("parts/\(place)\(Self.events)")
          == folder.data("whole/\(place)\(Self.events)"), "\(place), \(kills) kills")
    }
    // An export makes the same of what is left.
    #expect(
      try Program.run(["export", "tensorboard", "parts", "--out", "logs"], in: folder).code == 0)
    #expect(
      try folder.data("logs/twin/events.out.tfevents.drr")
        == folder.data("whole/twin/\(Self.events)"))
    #expect(try folder.names("whole/tensorboard") == ["events.out.tfevents.drr"])
    #expect(try folder.names("parts/tensorboard") == ["events.out.tfevents.drr"])
  }

  @Test("that TensorBoard has open are read on when a killed run goes on")
  func open() throws {
    let folder = Scratch()
    let words = Program.settled(
      Self.world("run", "--tensorboard", "--steps", "4000", "--checkpoint-steps", "500"))
    let output = try Self.tensorboard(
      """
      import os, signal, subprocess, time
      os.chdir(sys.argv[1])
      training = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
      while not os.path.exists("run/checkpoint.safetensors"):
        assert training.poll() is None
        time.sleep(0.001)
      watching = opened("run/tensorboard")
      seen = len(watching.Scalars(watching.Tags()["scalars"][0]))
      training.send_signal(signal.SIGKILL)
      training.wait()
      watching.Reload()
      subprocess.run(sys.argv[2:], check=True, capture_output=True)
      watching.Reload()
      fresh = opened("run/tensorboard")
      assert watching.Tags() == fresh.Tags()
      for tag in fresh.Tags()["scalars"]:
        assert watching.Scalars(tag) == fresh.Scalars(tag), tag
      assert 0 < seen < 20 == len(fresh.Scalars("small-world/loss")), seen
      print("equal")
      """, [folder.path, Program.path] + words)
    if let output { #expect(output == "equal\n") }
  }
}
