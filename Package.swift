// swift-tools-version: 6.1
import PackageDescription

/// A module of DRR, in the folder of its name.
func module(
  _ name: String, folder: String? = nil, _ dependencies: [Target.Dependency]
) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/DRR/\(folder ?? name)")
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
    // The two C doors: types, function tables and embedded kernel sources; array loops.
    .target(name: "COpenCL"),
    .target(name: "COpenBLAS"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    .target(name: "Kernels", dependencies: ["COpenCL", "COpenBLAS"]),
    .target(name: "Tensor", dependencies: ["Kernels", "CZlib"]),
    // The Message Passing Interface; empty without the trait.
    .target(
      name: "CMPI", cSettings: [.define("DRR_MPI", .when(traits: ["MPI"]))],
      linkerSettings: [.linkedLibrary("mpi", .when(traits: ["MPI"]))]),
    // Below DRR, each module a folder; an arrow goes to what stands above it in this list.
    module("DRRCore", folder: "Core", ["Tensor"]),
    module("DRRData", folder: "Data", ["DRRCore", "CZlib"]),
    module("Factorization", ["DRRData"]),
    module("Environments", ["Factorization"]),
    module("Agents", ["Environments"]),
    module("DeepQ", ["Agents"]),
    module("PolicyGradients", ["Agents"]),
    module("ActorCritic", ["Agents", "DeepQ", "PolicyGradients"]),
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
    .target(name: "DRR", dependencies: ["Runs"], path: "Sources/DRR/Umbrella"),
    // The commit that the program is built at.
    .target(name: "CCommit", path: "Sources/Terminal/Commit"),
    .target(
      name: "Terminal",
      dependencies: ["DRR", "CCommit", .product(name: "Logging", package: "swift-log")],
      exclude: ["Commit"]),
    .executableTarget(
      name: "CLI",
      dependencies: [
        "DRR", "Terminal", "Benchmarks",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    // The measuring room: loops that find the machine's ceilings, the suite, its executable.
    .target(name: "CBench", path: "bench/Loops"),
    .target(
      name: "Benchmarks",
      dependencies: [
        "DRR", "Terminal", "CBench", "COpenCL",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "bench/Suite"),
    .executableTarget(name: "bench", dependencies: ["Benchmarks"], path: "bench/Main"),

    .target(name: "TestSupport", dependencies: ["Kernels", "Tensor"], path: "Tests/Support"),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "COpenBLAS", "TestSupport"]),
    .testTarget(name: "TensorTests", dependencies: ["Tensor", "TestSupport"]),
    .testTarget(name: "ServingTests", dependencies: ["DRR", "TestSupport"]),
    .testTarget(name: "DRRTests", dependencies: ["DRR", "TestSupport"]),
    .testTarget(name: "BenchTests", dependencies: ["Benchmarks", "DRR"]),
    .testTarget(
      name: "CLITests",
      dependencies: [
        "CLI", "DRR", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], exclude: ["help.txt"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x
)
