import Foundation
import TestSupport
import Testing

@Suite struct GoldenTests {
  /// NumPy wrote them, generate.py spells them out.
  @Test func readsEachElementType() throws {
    let golden = try Golden.load("npy")
    #expect(golden.arrays.count == 4)
    #expect(try golden("float64") == [1.5, -.infinity, 1e-300, 0.1, 2, -3])
    #expect(try golden.shape("float64") == [2, 3])
    #expect(try golden.floats("float32") == [0.1, -2.5])
    #expect(try golden.int32s("int32") == [.min, .max])
    #expect(try golden("int64") == [-0x1p53, 0x1p53])
    #expect(try golden.shape("int64") == [2, 1, 1])
  }

  @Test func readsVersionTwo() throws {
    let header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }\n"
    let lead: [UInt8] = [
      0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 2, 0, UInt8(header.utf8.count), 0, 0, 0,
    ]
    let whole = lead + Array(header.utf8) + [1, 0, 0, 0, 255, 255, 255, 255]
    #expect(try NPYArray(bytes: whole, name: "v2").values == [1, -1])
    for count in whole.indices {
      #expect(throws: NPYArray.Failure.self) {
        try NPYArray(bytes: Array(whole[..<count]), name: "v2")
      }
    }
  }

  /// Each file of the manifest is there, at most 64 KB long, and there are no others.
  @Test func manifestNamesTheFiles() throws {
    struct Manifest: Decodable { let sha256: [String: String] }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Golden.folder + "/MANIFEST.json"))
    let manifest = try JSONDecoder().decode(Manifest.self, from: bytes)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: Golden.folder)
    let arrays = paths.filter { $0.hasSuffix(".npy") }
    #expect(Set(arrays) == Set(manifest.sha256.keys))
    for path in arrays {
      let size = try Data(contentsOf: URL(fileURLWithPath: Golden.folder + "/" + path)).count
      #expect(size <= 65_536, "\(path)")
    }
  }

  /// The files agree with the equations in this plain float64 form, so that a case is not misread:
  /// the pooled state and its gradient (DRR section 3.3), and the clipped norm.
  @Test func poolingFollowsItsEquation() throws {
    for name in ["pooling", "pooling-missing"] {
      let golden = try Golden.load(name)
      let index = try golden.int32s("index").map(Int.init)
      let (users, items) = (try golden("users"), try golden("items"))
      let (weights, dState) = (try golden("weights"), try golden("dstate"))
      let (b, n) = (try golden.shape("index")[0], weights.count)
      let e = try golden.shape("users")[1]
      func value(_ table: [Double], _ row: Int, _ c: Int) -> Double {
        row < 0 ? 0 : table[row * e + c]
      }
      var state = [Double](repeating: 0, count: b * 3 * e)
      var dWeights = [Double](repeating: 0, count: n)
      for row in 0..<b {
        for c in 0..<e {
          let user = value(users, index[row * (n + 1)], c)
          let history = (0..<n).map { value(items, index[row * (n + 1) + 1 + $0], c) }
          let mean = zip(weights, history).map(*).reduce(0, +)
          let start = row * 3 * e + c
          (state[start], state[start + e], state[start + 2 * e]) = (user, user * mean, mean)
          for j in 0..<n {
            dWeights[j] += (dState[start + e] * user + dState[start + 2 * e]) * history[j]
          }
        }
      }
      for (found, expected) in zip(
        state + dWeights, try golden("state") + golden("dweights"))
      {
        #expect(abs(found - expected) < 1e-12)
      }
    }
  }
}
