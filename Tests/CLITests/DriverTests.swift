import Foundation
import TestSupport
import Testing

@Suite("Drivers and memory that fail are said, and work goes on without them")
struct DriverTests {
  /// Without the programs that PoCL calls to link a kernel; without what was found out before.
  private func bare(_ folder: Scratch) -> [String: String] {
    ["PATH": "/nowhere", "DRR_CACHE": folder.path + "/cache"]
  }

  @Test("a driver that crashes as it builds leaves its device out")
  func crashes() throws {
    let folder = Scratch()
    let outcome = try Program.run(["devices", "--json"], in: folder, environment: bare(folder))
    #expect(outcome.code == 0, "\(outcome.description)")
    let rows = try #require(try json(outcome.output) as? [[String: Any]])
    #expect(rows.contains { $0["name"] as? String == "cpu" && $0["reason"] == nil })
    let opencl = rows.filter { ($0["name"] as? String)?.hasPrefix("opencl") == true }
    #expect(!opencl.isEmpty)
    for row in opencl {
      let reason = try #require(row["reason"] as? String)
      #expect(reason.contains("is left out: its driver crashes: signal 6"), "\(reason)")
      #expect(reason.contains("\"ld\" doesn't exist"), "\(reason)")
    }

    let asked = try Program.run(
      Tiny.train("asked", device: "opencl"), in: folder, environment: bare(folder))
    #expect(asked.code == 1)
    #expect(asked.error.contains("Error: no device fits opencl; there is cpu, opencl:0:0 ("))
    #expect(asked.error.contains("is left out"), "\(asked.description)")

    let chosen = try Program.run(
      Tiny.train("chosen", device: "auto"), in: folder, environment: bare(folder))
    #expect(chosen.code == 0, "\(chosen.description)")
    #expect(chosen.error.contains("warning: opencl:0:0: "), "\(chosen.description)")
  }

  @Test("a driver that ends the process on load, crashes or is none", arguments: ["exit", "abort"])
  func load(_ kind: String) throws {
    let folder = Scratch()
    let body = kind == "exit" ? "_exit(0)" : "abort()"
    try folder.write(
      "driver.c",
      """
      #include <stdlib.h>
      #include <unistd.h>
      __attribute__((constructor)) static void loaded(void) { \(body); }
      """)
    let outcome = try Program.run(
      ["devices"], in: folder,
      environment: [
        "DRR_OPENCL_DRIVER": folder.path + "/driver.so", "DRR_CACHE": folder.path + "/cache",
      ],
      script: "clang -shared -fPIC driver.c -o driver.so && exec \"$@\"")
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(
      outcome.output.contains(
        kind == "exit"
          ? "its driver ends the process (exit 0) while it was loaded"
          : "its driver crashes: signal 6 ended the process that tried it while it was loaded"),
      "\(outcome.description)")
  }

  @Test("a pipe in the kernel cache is passed over")
  func pipe() throws {
    let folder = Scratch()
    let environment = ["DRR_CACHE": folder.path + "/cache"]
    let words = [
      "train", "pmf", "--data", "generated:tiny", "--pmf-epochs", "1", "--dimension", "8",
      "--device", "opencl",
    ]
    #expect(
      try Program.run(words + ["--run", "one"], in: folder, environment: environment).code == 0)
    let names = try folder.names("cache")
    #expect(names.count > 1)
    for name in names {
      try folder.remove("cache/" + name)
      mkfifo(folder.path + "/cache/" + name, 0o600)
    }
    let outcome = try Program.run(words + ["--run", "two"], in: folder, environment: environment)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(
      try folder.data("one/pmf.safetensors") == folder.data("two/pmf.safetensors"))
  }

  @Test(
    "too little address space is said before anything waits for it", arguments: [150_000, 250_000])
  func addressSpace(_ kibibytes: Int) throws {
    let outcome = try Program.run(
      Tiny.train("run"), in: Scratch(), script: "ulimit -v \(kibibytes); exec \"$@\"")
    #expect(outcome.code == 1, "\(outcome.description)")
    #expect(outcome.error.contains("Error: OpenBLAS wants 212 MiB of address space"))
    #expect(outcome.error.contains("the limit of \(kibibytes >> 10) MiB leaves less"))
  }

  @Test(
    "no room for the stack of a thread is not waited for",
    arguments: Array(stride(from: 100_000, through: 140_000, by: 5_000)))
  func threadSpace(_ kibibytes: Int) throws {
    let outcome = try Program.run(
      Tiny.train("run"), in: Scratch(),
      script: "ulimit -v \(kibibytes); exec timeout -s KILL 20 \"$@\"")
    #expect(outcome.code != 0 && outcome.code != 137, "\(outcome.description)")
    #expect(!outcome.error.isEmpty)
  }

  @Test("address space for one thread gives the bits of many")
  func oneThread() throws {
    let folder = Scratch()
    // A buffer of OpenBLAS takes 132 MiB.
    let little = try Program.run(
      Tiny.train("little"), in: folder, environment: ["OPENBLAS_NUM_THREADS": "16"],
      script: "ulimit -v 900000; exec \"$@\"")
    #expect(little.code == 0, "\(little.description)")
    let free = try Program.run(Tiny.train("free"), in: folder)
    #expect(free.code == 0, "\(free.description)")
    #expect(
      try folder.data("little/checkpoint.safetensors") == folder.data("free/checkpoint.safetensors")
    )
  }
}
