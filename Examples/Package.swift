// swift-tools-version: 6.2
import PackageDescription

/// An example is one file, in the folder of its name.
func example(_ name: String, _ module: String = "DRR") -> Target {
  .executableTarget(
    name: name, dependencies: [.product(name: module, package: "drr")], path: name)
}

let package = Package(
  name: "Examples",
  dependencies: [.package(name: "drr", path: "..")],
  targets: [
    example("Train"), example("Evaluate"), example("Recommend"), example("CustomEnvironment"),
    example("CustomAlgorithm"), example("CustomOp", "Tensor"),
  ],
  swiftLanguageModes: [.v6]
)
