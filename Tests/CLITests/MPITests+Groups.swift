import Foundation
import TestSupport
import Testing

/// Groups of runs, of which each rank trains its part.
extension MPITests {
  @Test(
    "train the runs of a group, each in a process of its own, to the bytes of one after another")
  func groups() throws {
    let folder = Scratch()
    let kinds = [
      (name: "drr", words: { (run: String) in Tiny.train(run, "--seeds", "3") }),
      (name: "tables", words: { MultiTableTests.train($0, "--epochs", "3", "--seeds", "3") }),
      (
        name: "gru",
        words: {
          "train gru --data generated:tiny --dimension 4 --hidden 4 --epochs 1 --device cpu --seeds 3"
            .split(separator: " ").map(String.init) + ["--run", $0]
        }
      ),
      (name: "gan", words: { Self.gan($0, "--seeds", "3", "--json") }),
    ]
    for kind in kinds {
      let alone = try Self.run(kind.words("\(kind.name)-alone"), in: folder)
      // More ranks than runs, too.
      for ranks in [2, 4] {
        let run = "\(kind.name)-\(ranks)"
        let shared = try Self.run(kind.words(run), in: folder, ranks: ranks)
        #expect(
          shared.output == alone.output.replacing("\(kind.name)-alone", with: run), "\(run)")
        for seed in 0..<3 {
          let kept = try folder.names("\(kind.name)-alone/seed-\(seed)")
            .filter { $0.hasSuffix(".safetensors") }
          #expect(!kept.isEmpty)
          for name in kept {
            #expect(
              try folder.data("\(run)/seed-\(seed)/\(name)")
                == folder.data("\(kind.name)-alone/seed-\(seed)/\(name)"), "\(run), \(name)")
          }
        }
      }
    }
  }

  @Test("go on with a group whose rank was killed, and tell once which run fails")
  func groupKilled() throws {
    let folder = Scratch()
    let words = Tiny.train("run", "--seeds", "3", "--checkpoint-steps", "40")
    let broken = try Program.run(
      words, in: folder,
      script: Self.mpirun(2, Self.killing(1, after: "run/seed-2/checkpoint.safetensors")))
    #expect(broken.code != 0, "\(broken.description)")
    _ = try Self.run(words, in: folder, ranks: 3)
    _ = try Self.run(Tiny.train("alone", "--seeds", "3"), in: folder)
    for seed in 0..<3 {
      #expect(
        try folder.data("run/seed-\(seed)/checkpoint.safetensors")
          == folder.data("alone/seed-\(seed)/checkpoint.safetensors"))
    }
    try folder.write("run/seed-2/checkpoint.safetensors", Data([1, 2, 3]))
    let failed = try Program.run(words, in: folder, script: Self.mpirun(2))
    #expect(failed.code != 0)
    #expect(
      failed.error.components(separatedBy: "not a valid safetensors file").count == 2,
      "\(failed.description)")
  }

  @Test("go on with a group of IRecGAN whose rank was killed, and tell once which run fails")
  func sessionGroupKilled() throws {
    let folder = Scratch()
    let words = Self.gan("run", "--seeds", "3")
    _ = try Program.run(
      words, in: folder,
      script: Self.mpirun(2, Self.killing(1, after: "run/seed-2/pretrained.safetensors")))
    _ = try Self.run(words, in: folder, ranks: 3)
    _ = try Self.run(Self.gan("alone", "--seeds", "3"), in: folder)
    for seed in 0..<3 {
      for part in ["pretrained", "irecgan", "pg"] {
        let name = "seed-\(seed)/\(part).safetensors"
        #expect(try folder.data("run/\(name)") == folder.data("alone/\(name)"), "\(name)")
      }
    }
    try folder.write("run/seed-2/pretrained.safetensors", Data([1, 2, 3]))
    let failed = try Program.run(words, in: folder, script: Self.mpirun(2))
    #expect(failed.code != 0)
    #expect(
      failed.error.components(separatedBy: "not a valid safetensors file").count == 2
        && failed.error.contains("run/seed-2"), "\(failed.description)")
  }

  // MARK: Two machines
}
