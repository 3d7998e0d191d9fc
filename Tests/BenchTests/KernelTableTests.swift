import Benchmarks
import Foundation
import Testing

@Suite("The table of bench kernels")
struct KernelTableTests {
  private static let ops = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/Kernels/Ops")

  /// Methods of the protocols `…Kernels`, read from their sources.
  private static func methods() throws -> Set<String> {
    var found: Set<String> = []
    for path in try FileManager.default.subpathsOfDirectory(atPath: ops.path)
    where path.hasSuffix(".swift") && !path.contains("+") {
      let text = try String(contentsOf: ops.appendingPathComponent(path), encoding: .utf8)
      for body in text.matches(of: /(?s)public protocol \w+Kernels: AnyObject \{(.*?)\n\}/) {
        found.formUnion(body.1.matches(of: /\n  func (\w+)[<(]/).map { String($0.1) })
      }
    }
    return found
  }

  @Test("every op of the protocols has a row, and every row is an op")
  func rows() throws {
    let methods = try Self.methods()
    #expect(methods.count > 40)
    let rows = Set(KernelCase.all.map(\.op))
    #expect(methods.subtracting(rows).sorted() == [], "ops without a row")
    #expect(rows.subtracting(methods).sorted() == [], "rows without an op")
  }

  @Test("rows have names of their own, bytes, and flops that their op can have")
  func sizes() {
    #expect(Set(KernelCase.all.map(\.name)).count == KernelCase.all.count)
    for item in KernelCase.all {
      #expect(item.bytes > 0 && item.flops >= 0, "\(item.name)")
      // No op does more than a product of square matrices of its size would.
      #expect(item.flops <= item.bytes * (item.bytes / 12).squareRoot(), "\(item.name)")
    }
    let uses = Set(KernelCase.all.map(\.use))
    #expect(uses == [.drr, .pmf, .irecgan, .catalogue])
  }
}
