// swift-tools-version: 6.2
import PackageDescription

/// The modules of DRR, each in a folder below `Sources/DRR`, and all that each imports: arrows go up
/// in this list, and a change is built anew wherever it is imported.
let modules: [(name: String, folder: String, imports: [Target.Dependency])] = [
  ("DRRCore", "Core", ["CCommit", "CMPI"]),
  ("Charts", "Charts", ["DRRCore"]),
  ("DRRData", "Data", ["DRRCore", "CZlib"]),
  ("Factorization", "Factorization", ["DRRCore", "DRRData"]),
  ("Environments", "Environments", ["DRRCore", "DRRData", "Factorization"]),
  ("Agents", "Agents", ["DRRCore", "DRRData", "Factorization", "Environments"]),
  ("DeepQ", "DeepQ", ["DRRCore", "Environments", "Agents"]),
  ("PolicyGradients", "PolicyGradients", ["DRRCore", "Environments", "Agents"]),
  ("SlateQ", "SlateQ", ["DRRCore", "Environments", "Agents"]),
  ("Planning", "Planning", ["DRRCore", "DRRData", "Factorization", "Environments", "Agents"]),
  (
    "ActorCritic", "ActorCritic",
    ["DRRCore", "DRRData", "Factorization", "Environments", "Agents"]
  ),
  ("ClickSessions", "ClickSessions", ["DRRCore", "DRRData", "CZlib"]),
  ("IRecGAN", "IRecGAN", ["DRRCore", "ClickSessions"]),
  ("Tables", "Tables", ["DRRCore", "DRRData", "Environments", "Agents"]),
  ("OffPolicy", "OffPolicy", ["DRRCore", "DRRData", "Environments"]),
  ("Bandits", "Bandits", ["DRRCore", "DRRData", "OffPolicy"]),
  (
    "Evaluation", "Evaluation",
    ["DRRCore", "DRRData", "Factorization", "Environments", "Agents"]
  ),
  ("NextItem", "NextItem", ["DRRCore", "DRRData", "Evaluation"]),
  (
    "Serving", "Serving",
    [
      "DRRCore", "DRRData", "Factorization", "Environments", "Agents", "DeepQ", "PolicyGradients",
      "ActorCritic", "ClickSessions", "IRecGAN", "Tables", "NextItem",
    ]
  ),
  (
    "Feedback", "Feedback",
    ["DRRCore", "DRRData", "Factorization", "ClickSessions", "OffPolicy", "Serving"]
  ),
  (
    "Runs", "Runs",
    [
      "DRRCore", "DRRData", "Factorization", "Environments", "Agents", "DeepQ", "PolicyGradients",
      "SlateQ", "Planning", "ActorCritic", "ClickSessions", "IRecGAN", "Tables", "OffPolicy",
      "Bandits", "Evaluation", "NextItem", "Serving", "Gym",
    ]
  ),
  (
    "Report", "Report",
    [
      "DRRCore", "Charts", "DRRData", "Factorization", "Environments", "Agents", "SlateQ", "Tables",
      "OffPolicy", "Bandits", "Evaluation", "Serving", "Runs",
    ]
  ),
]

/// The layers below DRR.
let layers: [Target.Dependency] = ["Platform", "Essentials", "Kernels", "Tensor"]

/// All that stands above the programs.
let everything = layers + modules.map { .byName(name: $0.name) } + ["DRR"]

/// The tests of a module, in a folder below `Tests`. They see what stands above it too.
func tests(_ module: String, beside others: [Target.Dependency] = []) -> Target {
  let place = modules.firstIndex { $0.name == module }!
  return .testTarget(
    name: "\(modules[place].folder)Tests",
    dependencies: layers + modules[...place].map { .byName(name: $0.name) }
      + ["DRRTestSupport", "TestSupport"] + others)
}

let package = Package(
  name: "drr",
  products: [
    .executable(name: "drr", targets: ["CLI"]),
    .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "Tensor", targets: ["Tensor"]),
    .library(name: "DRR", targets: ["DRR"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    // Without its traits it does without the large Foundation.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
  ],
  targets: [
    // The C doors: types, function tables and embedded kernel sources.
    .target(name: "COpenCL"),
    .target(name: "COpenBLAS"),
    .target(name: "CMPI"),
    // The host's array loops.
    .target(name: "CLoops", dependencies: ["COpenBLAS"], path: "Sources/Kernels/Loops"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // The C library of the system, with the files that all write by it, and its Foundation.
    .target(name: "Platform", path: "Sources/Kernels/Platform"),
    .target(name: "Essentials", path: "Sources/Kernels/Essentials"),
    .target(
      name: "Kernels", dependencies: ["COpenCL", "COpenBLAS", "CLoops", "Platform"],
      exclude: ["Loops", "Platform", "Essentials"]),
    .target(name: "Tensor", dependencies: ["Kernels", "Platform", "CZlib"]),
    // The commit that the program is built at: what asks for it, and what is linked to tell.
    .target(name: "CCommit", path: "Sources/DRR/Commit"),
    .target(name: "CBuilt", path: "Sources/CLI/Commit"),
    // The umbrella, which re-exports the modules of DRR.
    .target(
      name: "DRR", dependencies: layers + modules.map { .byName(name: $0.name) },
      path: "Sources/DRR/Umbrella"),
    .target(
      name: "Terminal",
      dependencies: layers + ["DRRCore"]),
    // What answers over HTTP, and the files that it hands out. The library does without it.
    .target(name: "CServed", path: "Sources/Server/Files"),
    .target(
      name: "Server",
      dependencies: layers + [
        "CServed",
        "DRRCore", "Charts", "DRRData", "OffPolicy", "Serving", "Feedback",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
      ], exclude: ["Files"]),
    // Worlds as other programs act in them, and those of other programs.
    .target(
      name: "Gym",
      dependencies: layers + ["DRRCore", "Factorization", "Environments", "Agents", "Bandits"]),
    .target(
      name: "EnvCommands",
      dependencies: everything + [
        "Terminal", "Gym", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/CLI/Env"),
    // The page of docs that defines what is printed.
    .target(name: "CTerms", path: "Sources/CLI/Terms/Text"),
    .target(
      name: "Commands",
      dependencies: everything + [
        "Terminal",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"), "CTerms", "Server", "Gym",
      ], path: "Sources/CLI",
      exclude: ["Main", "Env", "Commit", "Terms/Text"]),
    .executableTarget(
      name: "CLI",
      dependencies: everything + [
        "Terminal", "Commands", "EnvCommands", "Benchmarks", "CBuilt",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/CLI/Main"),

    // The measuring room: loops that find the machine's ceilings, the suite, its executable.
    .target(name: "CBench", path: "bench/Loops"),
    .target(
      name: "Benchmarks",
      dependencies: everything + [
        "Terminal", "CBench", "COpenCL",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "bench/Suite"),
    .executableTarget(
      name: "bench", dependencies: ["Benchmarks", "Terminal", "CBuilt"], path: "bench/Main"),

    .target(name: "TestSupport", dependencies: layers, path: "Tests/Support"),
    // What tries to break the program, and counts what held.
    .executableTarget(
      name: "campaign",
      dependencies: everything + [
        "Terminal", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tests/Campaign",
      exclude: ["Drivers/shim.c", "Writes/shim.c", "Fuzz/Readers", "Fuzz/Corpus"]),
    // Every reader of files on its own; libFuzzer mutates what they read.
    .executableTarget(
      name: "fuzz", dependencies: everything + ["Commands"], path: "Tests/Campaign/Fuzz/Readers"),
    // What mpirun starts to try the operations of ranks.
    .executableTarget(
      name: "ranks", dependencies: everything + ["DRRTestSupport"], path: "Tests/Ranks",
      exclude: ["namespaces"]),
    .testTarget(name: "KernelsTests", dependencies: layers + ["CLoops", "TestSupport"]),
    .testTarget(name: "TensorTests", dependencies: layers + ["TestSupport"]),
    // Worlds, folders, damage and dense algebra that the tests of several modules use.
    .target(
      name: "DRRTestSupport", dependencies: everything + ["TestSupport"], path: "Tests/Worlds"),
    tests("DRRCore"),
    tests("Charts"),
    tests("DRRData", beside: ["CZlib"]),
    tests("Factorization"),
    tests("Environments"),
    tests("Agents"),
    tests("DeepQ"),
    tests("PolicyGradients"),
    tests("SlateQ"),
    tests("Planning"),
    tests("ActorCritic"),
    tests("ClickSessions"),
    tests("IRecGAN"),
    tests("Tables", beside: ["Evaluation"]),
    tests("OffPolicy"),
    tests("Bandits"),
    .testTarget(
      name: "GymTests", dependencies: everything + ["Gym", "DRRTestSupport", "TestSupport"]),
    tests("Evaluation"),
    tests("NextItem"),
    tests("Serving", beside: ["DRR"]),
    tests("Feedback"),
    tests("Runs"),
    tests("Report"),
    .testTarget(
      name: "BenchTests", dependencies: everything + ["bench", "Benchmarks", "TestSupport"]),
    .testTarget(
      name: "CLITests",
      dependencies: everything + [
        "CLI", "Commands", "Terminal", "TestSupport", "DRRTestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], exclude: ["help.txt"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)

package.targets += modules.map { name, folder, imports in
  .target(name: name, dependencies: layers + imports, path: "Sources/DRR/\(folder)")
}

// Tests that start the program, or have little of their own to compute: their build is shorter than
// what optimising them would save.
let waiting = [
  "BenchTests", "CLITests", "ClickSessionsTests", "DataTests", "EnvironmentsTests",
  "EvaluationTests", "FactorizationTests", "FeedbackTests", "GymTests", "IRecGANTests",
  "NextItemTests", "OffPolicyTests", "ReportTests", "RunsTests", "ServingTests", "TensorTests",
]
for target in package.targets where waiting.contains(target.name) {
  target.swiftSettings = [.unsafeFlags(["-Onone"])]
}

// What is built under a sanitizer: the tests that are named, and no program.
if let named = Context.environment["DRR_TESTS"]?.split(separator: ",").map(String.init) {
  let programs = ["Benchmarks", "Commands", "EnvCommands", "Server"]
  package.targets.removeAll {
    $0.type == .executable || $0.type == .test && !named.contains($0.name)
      || programs.contains($0.name)
  }
  package.products.removeAll { $0.name == "drr" }
}
