import Foundation
import Tensor
import TestSupport
import Testing

/// A file from its header and data, whatever they hold.
func safetensors(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  let lead = withUnsafeBytes(of: length ?? UInt64(header.utf8.count)) { Array($0) }
  return lead + Array(header.utf8) + data
}

/// Headers that the reference reader refuses, each with what our error must mention.
let refusedByReference: [(file: [UInt8], mentions: String)] = [
  ([], "at least 8"),
  ([1, 2, 3, 4, 5, 6, 7], "at least 8"),
  (safetensors("{}", length: 100_000_001), "at most 100000000"),
  (safetensors("{}", length: .max), "at most 100000000"),
  (safetensors("{}", length: 3), "should end at byte 11"),
  (safetensors(""), "begin with '{'"),
  (safetensors("[]"), "begin with '{'"),
  (safetensors("{"), "a string"),
  (safetensors("{}x"), "other than spaces"),
  (safetensors(#"{"a"}"#), "expected ':'"),
  (safetensors(#"{"a":{}}"#), "lacks"),
  (safetensors(#"{"a":[1]}"#), "expected '{'"),
  (safetensors(#"{"__metadata__":{},"__metadata__":{}}"#), "occurs twice"),
  (
    safetensors(#"{"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}"#),
    "'shape' occurs twice"
  ),
  // A hole before, a hole between, an overlap, trailing bytes, missing bytes.
  (
    safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, data: [0, 0, 0]),
    "begins"
  ),
  (
    safetensors(
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
        + #""b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#, data: [0, 0, 0]), "begins"
  ),
  (
    safetensors(
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, data: [0, 0, 0]), "begins"
  ),
  (
    safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: [0, 0, 0]),
    "has 3 bytes, expected 2"
  ),
  (
    safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: [0]),
    "has 1 bytes, expected 2"
  ),
  // Size, order of offsets, overflow, type.
  (
    safetensors(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, data: [0, 0, 0, 0]),
    "expected 8"
  ),
  (safetensors(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}"#), "a begin"),
  (safetensors(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}"#), "a begin"),
  (
    safetensors(
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}"#),
    "whole number of bytes"
  ),
  (safetensors(#"{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,0]}}"#), "whole number of bytes"),
  (
    safetensors(#"{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,0]}}"#),
    "too large"
  ),
  (safetensors(#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#), "whole number"),
  (safetensors(#"{"a":{"dtype":"U8","shape":[0.0],"data_offsets":[0,0]}}"#), "expected ']'"),
  (safetensors(#"{"a":{"dtype":"U8","shape":[00],"data_offsets":[0,0]}}"#), "whole number"),
  (safetensors(#"{"a":{"dtype":"F31","shape":[0],"data_offsets":[0,0]}}"#), "'F31'"),
  (safetensors(#"{"a":{"dtype":"f32","shape":[0],"data_offsets":[0,0]}}"#), "'f32'"),
  // Metadata and strings.
  (safetensors(#"{"__metadata__":{"step":3}}"#), "'step' is not a string"),
  (safetensors(#"{"__metadata__":{"step":null}}"#), "'step' is not a string"),
  (safetensors(#"{"__metadata__":["step"]}"#), "expected '{'"),
  (safetensors("{\"__metadata__\":{\"a\":\"x\ny\"}}"), "control character"),
  (safetensors(#"{"__metadata__":{"a":"\x"}}"#), "escaped"),
  (safetensors(#"{"__metadata__":{"a":"\ud800"}}"#), "half of"),
  (safetensors(#"{"__metadata__":{"a":"\ud800\u0041"}}"#), "second half"),
  (safetensors(#"{"__metadata__":{"a":"b}}"#), "no end"),
  (safetensors(#"{"__metadata__":{"a":"b",}}"#), "a string"),
  (safetensors(#"{"__metadata__":{"a":"b"}"#), "end of the header"),
  (
    [21, 0, 0, 0, 0, 0, 0, 0] + Array(#"{"__metadata__":{""#.utf8) + [0xFF] + Array(#"":"#.utf8),
    "not UTF-8"
  ),
]

/// Files that the reference reads and a strict reader should not.
let refusedHereOnly: [(file: [UInt8], mentions: String)] = [
  (safetensors(" {}"), "begin with '{'"),
  (safetensors("{}\n"), "other than spaces"),
  (safetensors(#"{"__metadata__":null}"#), "expected '{'"),
  (safetensors(#"{"__metadata__":{"a":"1","a":"2"}}"#), "'a' occurs twice"),
  (
    safetensors(
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
        + #""a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#), "'a' occurs twice"
  ),
  (
    safetensors(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"extra":1}}"#),
    "unknown field 'extra'"
  ),
]

let acceptedFiles: [[UInt8]] = [
  safetensors("{}"),
  safetensors("{}      "),
  safetensors(#"{"__metadata__":{}}"#),
  // No padding, a single number, no elements, any order of names, space between tokens, escapes.
  safetensors(#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, data: [0, 0, 192, 127]),
  safetensors(#"{"a":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]}}"#),
  safetensors(
    #"{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"#
      + #""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: [1, 2]),
  safetensors(#"{ "a" : {"shape":[ 2 ] ,"data_offsets" : [0,2],"dtype":"I8" } }"#, data: [1, 2]),
  safetensors(#"{"__metadata__":{"\u00e9\ud83d\ude00":"\"\\\/\b\f\n\r\t"}}"#),
  safetensors(#"{"a":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}"#, data: [1, 2, 3]),
]

@Suite struct SafetensorsTests {
  @Test func refusesWhatTheReferenceRefuses() {
    for (file, mentions) in refusedByReference + refusedHereOnly {
      let header = String(decoding: file.dropFirst(8), as: UTF8.self)
      let error = #expect(throws: CheckpointError.self, "\(header)") {
        try SafetensorsFile(bytes: file, name: "model.safetensors")
      }
      let text = error?.description ?? ""
      #expect(text.hasPrefix("model.safetensors: "), "\(text)")
      #expect(text.contains(mentions), "\(header): \(text)")
    }
  }

  @Test func acceptsWhatTheReferenceAccepts() throws {
    for file in acceptedFiles {
      let opened = try SafetensorsFile(bytes: file, name: "model")
      #expect(!opened.hasChecksum)
      #expect(throws: CheckpointError.noChecksum(path: "model")) {
        try SafetensorsFile(bytes: file, name: "model", requireChecksum: true)
      }
    }
    let escapes = try SafetensorsFile(bytes: acceptedFiles[7], name: "model")
    #expect(escapes.metadata == ["é😀": "\"\\/\u{8}\u{C}\n\r\t"])
    let swapped = try SafetensorsFile(bytes: acceptedFiles[5], name: "model")
    #expect(swapped.entries.map(\.name) == ["a", "b"])
    #expect(try swapped.bytes("b") == [2])
  }

  @Test func listsEveryType() throws {
    for type in TensorType.allCases {
      let bytes = type.bits
      let file = safetensors(
        #"{"a":{"dtype":"\#(type.name)","shape":[2,4],"data_offsets":[0,\#(bytes)]}}"#,
        data: [UInt8](repeating: 1, count: bytes))
      let entry = try #require(try SafetensorsFile(bytes: file, name: "model").entry("a"))
      #expect(entry.type == type && entry.shape == [2, 4] && entry.byteRange == 0..<bytes)
    }
  }

  /// Every kind of value, compared by its bits after a way through a file.
  @Test func returnsTheBitsThatWereWritten() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/model.safetensors"
    let floats: [Float] = [0, -0.0, .nan, -.infinity, .leastNonzeroMagnitude, .pi]
    let doubles: [Double] = [.pi, -0.0, .nan, .greatestFiniteMagnitude]
    let large = (0..<700_000).map { UInt32(truncatingIfNeeded: $0 &* 2_654_435_761) }
    var writer = SafetensorsWriter(metadata: ["config": "{\"k\": \"é\\\"\n\"}", "": ""])
    try writer.add("weight", floats, shape: [2, 3])
    try writer.add("précis/one", doubles, shape: [4, 1, 1])
    try writer.add("large", large)
    try writer.add("bytes", [UInt8](0...255))
    try writer.add("int32", [Int32.min, -1, .max])
    try writer.add("int64", [Int64.min, -1, .max])
    try writer.add("uint64", [UInt64.max, 0])
    try writer.add("none", [Float](), shape: [0, 7])
    try writer.add("one", [Float(1.5)], shape: [])
    try writer.write(to: path)

    let file = try SafetensorsFile(contentsOf: path, requireChecksum: true)
    #expect(file.hasChecksum)
    #expect(file.metadata == writer.metadata)
    #expect(
      file.entries.map(\.name) == [
        "uint64", "int64", "précis/one", "none", "one", "weight", "large", "int32", "bytes",
      ])
    #expect(
      try file.values("weight", as: Float.self, shape: [2, 3]).map(\.bitPattern)
        == floats.map(\.bitPattern))
    #expect(
      try file.values("précis/one", as: Double.self).map(\.bitPattern) == doubles.map(\.bitPattern))
    #expect(try file.uint32s("large", shape: [700_000]) == large)
    #expect(try file.bytes("bytes") == [UInt8](0...255))
    #expect(try file.int32s("int32") == [.min, -1, .max])
    #expect(try file.int64s("int64") == [.min, -1, .max])
    #expect(try file.uint64s("uint64") == [.max, 0])
    #expect(try file.floats("none", shape: [0, 7]).isEmpty)
    #expect(try file.floats("one", shape: []) == [1.5])
    #expect(try writer.bytes() == [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
  }

  /// The bytes of one file, spelled out from the format's definition; the checksums are the
  /// standard CRC-32 of the eight data bytes and of the header's content.
  @Test func writesTheFormatByteForByte() throws {
    var writer = SafetensorsWriter()
    try writer.add("b", [UInt8(7)], shape: [1])
    try writer.add("a", [Float(1)], shape: [])
    let bytes = try writer.bytes()
    let length = Int(bytes[0]) | Int(bytes[1]) << 8
    #expect(bytes.count == 8 + length + 5 && length % 8 == 0)
    let header = String(decoding: bytes[8..<8 + length], as: UTF8.self)
    #expect(header.hasPrefix(#"{"__metadata__":{"crc32":""#))
    #expect(
      header.contains(
        #"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"#
          + #""b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}"#))
    #expect(bytes.suffix(5) == [0, 0, 128, 63, 7])

    // The check value of the CRC-32 catalogue: "123456789" gives cbf43926.
    var check = SafetensorsWriter()
    try check.add("check", Array("123456789".utf8))
    #expect(String(decoding: try check.bytes(), as: UTF8.self).contains(#""crc32":"cbf43926""#))
  }

  @Test func saysWhichTensorIsNotAsExpected() throws {
    var writer = SafetensorsWriter()
    try writer.add("w", [Float](repeating: 1, count: 6), shape: [2, 3])
    let file = try SafetensorsFile(bytes: writer.bytes(), name: "m")
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "no error"
    }
    #expect(message { _ = try file.floats("v") } == "m: no tensor is named 'v'")
    #expect(
      message { _ = try file.int32s("w") } == "m: tensor 'w' has type F32, expected I32")
    #expect(
      message { _ = try file.floats("w", shape: [3, 2]) }
        == "m: tensor 'w' has shape [2, 3], expected [3, 2]")
  }

  @Test func refusesWhatTheFormatCannotHold() throws {
    var writer = SafetensorsWriter()
    try writer.add("a", [Float(1)])
    #expect(throws: CheckpointError.self) { try writer.add("a", [Float(1)]) }
    #expect(throws: CheckpointError.self) { try writer.add("b", [Float(1)], shape: [2]) }
    #expect(throws: CheckpointError.self) { try writer.add("b", [Float(1)], shape: [-1, -1]) }
    #expect(throws: CheckpointError.self) { try writer.add("b", [Float](), shape: [.max, 2, 0]) }
    #expect(throws: CheckpointError.self) { try writer.add("__metadata__", [Float(1)]) }
    #expect(throws: CheckpointError.self) { try writer.add("\u{0}", [Float(1)]) }
    #expect(try SafetensorsFile(bytes: writer.bytes(), name: "m").entries.map(\.name) == ["a"])
    writer.metadata["bell"] = "\u{7}"
    #expect(throws: CheckpointError.self) { try writer.bytes() }
  }
}
