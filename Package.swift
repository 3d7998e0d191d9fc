// swift-tools-version: 6.1
import PackageDescription

/// A module of DRR, in the folder of its name. Each may import the system's libraries.
func module(
  _ name: String, folder: String? = nil, _ dependencies: [Target.Dependency]
) -> Target {
  .target(
    name: name, dependencies: dependencies + ["Platform", "Essentials"],
    path: "Sources/DRR/\(folder ?? name)")
}

/// The tests of a module of DRR, in a folder below `Tests`; `others` stand beside it.
func tests(
  _ module: String, folder: String? = nil, beside others: [Target.Dependency] = []
) -> Target {
  .testTarget(
    name: folder ?? "\(module)Tests",
    dependencies: [.byName(name: module), "DRRTestSupport", "TestSupport"] + others)
}

let package = Package(
  name: "drr",
  products: [
    .executable(name: "drr", targets: ["CLI"]),
    .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "Tensor", targets: ["Tensor"]),
    .library(name: "DRR", targets: ["DRR"]),
  ],
  traits: [
    .trait(name: "MPI", description: "Training by many processes, through Open MPI (mpirun).")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    // The two C doors: types, function tables and embedded kernel sources.
    .target(name: "COpenCL"),
    .target(name: "COpenBLAS"),
    // The host's array loops.
    .target(name: "CLoops", dependencies: ["COpenBLAS"], path: "Sources/Kernels/Loops"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // The C library and the Foundation of the system, one import each.
    .target(name: "Platform", path: "Sources/Kernels/Platform"),
    .target(name: "Essentials", path: "Sources/Kernels/Essentials"),
    .target(
      name: "Kernels", dependencies: ["COpenCL", "COpenBLAS", "CLoops", "Platform"],
      exclude: ["Loops", "Platform", "Essentials"]),
    .target(name: "Tensor", dependencies: ["Kernels", "Platform", "CZlib"]),
    // The Message Passing Interface; empty without the trait.
    .target(
      name: "CMPI", cSettings: [.define("DRR_MPI", .when(traits: ["MPI"]))],
      linkerSettings: [.linkedLibrary("mpi", .when(traits: ["MPI"]))]),
    // Below DRR, each module a folder; an arrow goes to what stands above it in this list.
    .target(name: "CCommit", path: "Sources/DRR/Commit"),
    module("DRRCore", folder: "Core", ["Tensor", "CCommit"]),
    module("DRRData", folder: "Data", ["DRRCore", "CZlib"]),
    module("Factorization", ["DRRData"]),
    module("Environments", ["Factorization"]),
    module("Agents", ["Environments"]),
    module("DeepQ", ["Agents"]),
    module("PolicyGradients", ["Agents"]),
    module("ActorCritic", ["Agents"]),
    module("ClickSessions", ["DRRData"]),
    module("IRecGAN", ["ClickSessions"]),
    module("Tables", ["Environments", .target(name: "CMPI", condition: .when(traits: ["MPI"]))]),
    module("OffPolicy", ["Environments"]),
    module("Bandits", ["OffPolicy"]),
    module("Evaluation", ["Agents"]),
    module("Serving", ["ActorCritic", "DeepQ", "PolicyGradients", "IRecGAN", "Tables"]),
    module(
      "Runs",
      [
        "ActorCritic", "DeepQ", "PolicyGradients", "IRecGAN", "Tables", "Bandits", "OffPolicy",
        "Evaluation", "Serving",
      ]),
    .target(name: "DRR", dependencies: ["Runs", "Tensor"], path: "Sources/DRR/Umbrella"),
    .target(
      name: "Terminal",
      dependencies: ["DRR", "Platform", .product(name: "Logging", package: "swift-log")]),
    .executableTarget(
      name: "CLI",
      dependencies: [
        "DRR", "Terminal", "Benchmarks", "Platform",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    // The measuring room: loops that find the machine's ceilings, the suite, its executable.
    .target(name: "CBench", path: "bench/Loops"),
    .target(
      name: "Benchmarks",
      dependencies: [
        "DRR", "Terminal", "CBench", "COpenCL", "Platform", "Essentials",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "bench/Suite"),
    .executableTarget(name: "bench", dependencies: ["Benchmarks"], path: "bench/Main"),

    .target(name: "TestSupport", dependencies: ["Kernels", "Tensor"], path: "Tests/Support"),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "CLoops", "TestSupport"]),
    .testTarget(name: "TensorTests", dependencies: ["Tensor", "TestSupport"]),
    // Worlds, folders, damage and dense algebra that the tests of several modules use.
    .target(
      name: "DRRTestSupport", dependencies: ["ActorCritic", "ClickSessions", "TestSupport"],
      path: "Tests/Worlds"),
    tests("DRRCore", folder: "CoreTests"),
    tests("DRRData", folder: "DataTests", beside: ["CZlib"]),
    tests("Factorization"),
    tests("Environments"),
    tests("Agents"),
    tests("DeepQ"),
    tests("PolicyGradients"),
    tests("ActorCritic"),
    tests("ClickSessions"),
    tests("IRecGAN"),
    tests("Tables", beside: ["Evaluation"]),
    tests("OffPolicy"),
    tests("Bandits"),
    tests("Evaluation", beside: ["ActorCritic"]),
    tests("Runs"),
    tests("Serving", beside: ["DRR"]),
    .testTarget(name: "BenchTests", dependencies: ["Benchmarks", "DRR"]),
    .testTarget(
      name: "CLITests",
      dependencies: [
        "CLI", "DRR", "Terminal", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], exclude: ["help.txt"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)
