import Foundation
import TestSupport
import Testing

@Suite("DDPG in VirtualTaobao on the command line")
struct DDPGTests {
  private static let settings = [
    "--device", "cpu", "--steps", "3200", "--num-envs", "64", "--learning-starts", "640",
    "--batch-size", "320", "--hidden", "256", "--buffer-size", "2000", "--validation-users", "20",
  ]

  private static func train(_ run: String, _ more: String...) -> [String] {
    ["train", "ddpg", "--weights", "tiny.safetensors", "--run", run] + settings + more
  }

  private static func world() throws -> Scratch {
    let folder = Scratch()
    try TinyTaobao.write(to: folder.path + "/tiny.safetensors")
    return folder
  }

  @Test("killed, and gone on with by another number of threads, a run comes to the same bits")
  func killed() throws {
    let folder = try Self.world()
    let whole = try Program.run(
      Self.train("whole"), in: folder, environment: ["OPENBLAS_NUM_THREADS": "1"])
    #expect(whole.code == 0, "\(whole.description)")
    #expect(whole.output.contains("virtual-taobao, step 3,200: with validation users a rate of"))
    let program = try Program(
      Self.train("parts", "--checkpoint-steps", "64"), in: folder,
      environment: ["OPENBLAS_NUM_THREADS": "3"])
    let deadline = Date() + 60
    program.until { folder.exists("parts/checkpoint.safetensors") || Date() > deadline }
    program.send(SIGKILL)
    _ = try program.wait()
    try #require(folder.exists("parts/checkpoint.safetensors"))
    // Its folder alone names the weights.
    let parts = try Program.run(
      ["train", "ddpg", "--run", "parts", "--device", "cpu"], in: folder,
      environment: ["OPENBLAS_NUM_THREADS": "2"])
    #expect(parts.code == 0 && parts.output == whole.output, "\(parts.description)")
    #expect(try differences(folder.tensors("whole"), folder.tensors("parts")) == [])
  }

  @Test("runs of several seeds stand in the table beside the known policies")
  func simulated() throws {
    let folder = try Self.world()
    let trained = try Program.run(Self.train("runs", "--seeds", "2"), in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let simulate = [
      "simulate", "world", "virtual-taobao", "--weights", "tiny.safetensors", "--episodes", "40",
      "--seeds", "2",
    ]
    let outcome = try Program.run(simulate + ["--run", "runs", "--json"], in: folder)
    let rows = try #require(object(outcome.output)["rows"] as? [[String: Any]])
    #expect(
      rows.compactMap { $0["policy"] as? String }.suffix(2) == [
        "DDPG, 2 runs, untrained", "DDPG, 2 runs",
      ])
    func mean(_ row: [String: Any], _ part: String) throws -> Double {
      try #require((row[part] as? [String: Any])?["mean"] as? Double)
    }
    // Whoever knows nothing of users earns a half; three pages a session.
    let untrained = try mean(rows[rows.count - 2], "step")
    #expect(abs(untrained - 5) < 1, "\(untrained)")
    #expect(try mean(rows[rows.count - 1], "step") > untrained)
    for row in rows.suffix(2) {
      #expect(try abs(mean(row, "episode") - 3 * mean(row, "step")) < 1e-9)
      #expect((row["episode"] as? [String: Any])?["deviation"] is Double)
    }
    // The rows before are as they are without a run.
    let alone = try object(Program.run(simulate + ["--json"], in: folder).output)
    let known = try #require(alone["rows"] as? [[String: Any]])
    #expect(NSArray(array: known) == NSArray(array: Array(rows.dropLast(2))))
  }

  @Test("what cannot be is refused by name")
  func refused() throws {
    let folder = try Self.world()
    try TinyTaobao.write(to: folder.path + "/other.safetensors", pages: 4)
    expectRefused(
      try Program.run(["train", "ddpg", "--run", "run"], in: folder), 64, "--weights is missing")
    for (option, value, part) in [
      ("--uniform-share", "2", "--uniform-share is 2.0"),
      ("--least-noise", "0", "--least-noise is 0.0"),
      ("--most-noise", "0.01", "--most-noise is 0.01"),
      ("--imitation", "-1", "imitation weight is -1"),
    ] {
      expectRefused(
        try Program.run(Self.train("bad") + ["\(option)=\(value)"], in: folder), 1, part)
    }
    #expect(!folder.exists("bad"))
    let smaller = ["3200": "128", "640": "64", "320": "32", "20": "2"]
    let words = Self.train("run").map { smaller[$0] ?? $0 }
    #expect(try Program.run(words, in: folder).code == 0)
    expectRefused(
      try Program.run(
        ["train", "ddpg", "--run", "run", "--weights", "other.safetensors"], in: folder), 1,
      "the run was started with weightsChecksum")
    let simulate = ["simulate", "world", "virtual-taobao", "--episodes", "2", "--seeds", "1"]
    expectRefused(
      try Program.run(
        simulate + ["--weights", "other.safetensors", "--run", "run"], in: folder), 1,
      "name the file that it was trained with")
    expectRefused(
      try Program.run(simulate + ["--weights", "tiny.safetensors", "--run", "none"], in: folder), 1,
      "none: no run was started there")
    #expect(try Program.run(["train", "q", "--steps", "10", "--run", "q"], in: folder).code == 0)
    expectRefused(
      try Program.run(simulate + ["--weights", "tiny.safetensors", "--run", "q"], in: folder), 1,
      "drr train q")
    // The same weights under another name are the same.
    try FileManager.default.moveItem(
      atPath: folder.path + "/tiny.safetensors", toPath: folder.path + "/moved.safetensors")
    let moved = try Program.run(
      ["train", "ddpg", "--run", "run", "--weights", "moved.safetensors", "--device", "cpu"],
      in: folder)
    #expect(moved.code == 0, "\(moved.description)")
  }
}
