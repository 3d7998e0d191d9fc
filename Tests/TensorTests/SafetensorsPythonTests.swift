import Foundation
import Tensor
import TestSupport
import Testing

/// The package `safetensors` for Python, the format's reference, as the judge of our files.
@Suite struct SafetensorsPythonTests {
  private func python(_ script: String, _ arguments: [String]) throws -> String? {
    try Python.output(of: script, arguments, importing: "numpy, safetensors.numpy")
  }

  private static let tensors = """
    import numpy as np
    tensors = {
      "float32": np.array([[0.0, -0.0, np.nan], [-np.inf, 1e-45, 3.1415927]], np.float32),
      "float64": np.array([3.141592653589793, 5e-324]),
      "int32": np.array([-2**31, -1, 2**31 - 1], np.int32),
      "int64": np.array([-2**63, -1, 2**63 - 1]),
      "uint32": np.array([[0], [2**32 - 1]], np.uint32),
      "uint64": np.array([0, 2**64 - 1], np.uint64),
      "uint8": np.arange(256, dtype=np.uint8),
      "actor.0.wéight": np.zeros((0, 4), np.float32),
      "step": np.array(7, np.int64),
    }
    notes = {"config": '{"k": 1,\\n\\t"name": "é\\\\"}'}

    """

  private func writer() throws -> SafetensorsWriter {
    var writer = SafetensorsWriter(metadata: ["config": "{\"k\": 1,\n\t\"name\": \"é\\\"}"])
    try writer.add(
      "float32", [0, -0.0, .nan, -.infinity, .leastNonzeroMagnitude, 3.1415927] as [Float],
      shape: [2, 3])
    try writer.add("float64", [Double.pi, .leastNonzeroMagnitude])
    try writer.add("int32", [Int32.min, -1, .max])
    try writer.add("int64", [Int64.min, -1, .max])
    try writer.add("uint32", [0, UInt32.max], shape: [2, 1])
    try writer.add("uint64", [0, UInt64.max])
    try writer.add("uint8", [UInt8](0...255))
    try writer.add("actor.0.wéight", [Float](), shape: [0, 4])
    try writer.add("step", [Int64(7)], shape: [])
    return writer
  }

  /// Values, shapes, types, metadata, the order of the tensors and the data section.
  @Test func theReferenceReadsOurFile() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/ours.safetensors"
    try writer().write(to: path)
    let script =
      Self.tensors + """
        import json, sys, safetensors, safetensors.numpy
        with safetensors.safe_open(sys.argv[1], "np") as f:
          found = f.metadata()
          assert len(found.pop("crc32")) == len(found.pop("crc32.header")) == 8
          assert found == notes, found
        loaded = safetensors.numpy.load_file(sys.argv[1])
        assert loaded.keys() == tensors.keys(), loaded.keys()
        for name, value in tensors.items():
          assert loaded[name].dtype == value.dtype and loaded[name].shape == value.shape, name
          assert loaded[name].tobytes() == value.tobytes(), name
        def parts(raw):
          n = int.from_bytes(raw[:8], "little")
          header = json.loads(raw[8:8 + n])
          header.pop("__metadata__", None)
          return n % 8, list(header.items()), raw[8 + n:]
        ours = parts(open(sys.argv[1], "rb").read())
        assert ours == parts(safetensors.numpy.save(tensors)), ours
        print("equal")
        """
    guard let output = try python(script, [path]) else { return }
    #expect(output == "equal\n")
  }

  @Test func weReadTheReferencesFile() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/theirs.safetensors"
    let script =
      Self.tensors + """
        import sys, safetensors.numpy
        safetensors.numpy.save_file(tensors, sys.argv[1], metadata=notes)
        """
    guard try python(script, [path]) != nil else { return }
    let theirs = try SafetensorsFile(contentsOf: path)
    let ours = try SafetensorsFile(bytes: writer().bytes(), name: "ours")
    #expect(!theirs.hasChecksum)
    #expect(theirs.metadata == ours.metadata)
    #expect(theirs.entries == ours.entries)
    #expect(
      try theirs.values("float32", as: Float.self).map(\.bitPattern)
        == ours.values("float32", as: Float.self).map(\.bitPattern))
    #expect(
      try theirs.values("float64", as: Double.self) == ours.values("float64", as: Double.self))
    #expect(try theirs.int32s("int32") == ours.int32s("int32"))
    #expect(try theirs.int64s("int64") == ours.int64s("int64"))
    #expect(try theirs.uint32s("uint32") == ours.uint32s("uint32"))
    #expect(try theirs.uint64s("uint64") == ours.uint64s("uint64"))
    #expect(try theirs.bytes("uint8") == ours.bytes("uint8"))
    #expect(try theirs.floats("actor.0.wéight", shape: [0, 4]).isEmpty)
    #expect(try theirs.int64s("step", shape: []) == [7])
  }

  /// The lists of the other tests, and random edits: whatever the reference refuses, we refuse.
  @Test func weRefuseWhatTheReferenceRefuses() throws {
    let folder = TemporaryFolder()
    var random = SplitMix(state: 5)
    let listed = refusedByReference.map(\.file) + refusedHereOnly.map(\.file) + acceptedFiles
    let seeds = try acceptedFiles + [writer().bytes()]
    let edited = (0..<2000).map { _ in
      damaged(seeds.randomElement(using: &random) ?? [], using: &random)
    }
    let files = listed + edited
    let path = folder.path + "/files"
    let packed = files.flatMap { file in
      withUnsafeBytes(of: UInt32(file.count)) { Array($0) } + file
    }
    try Data(packed).write(to: URL(fileURLWithPath: path))
    let script = """
      import sys, safetensors
      packed = open(sys.argv[1], "rb").read()
      verdicts, at = "", 0
      while at < len(packed):
        start, at = at + 4, at + 4 + int.from_bytes(packed[at:at + 4], "little")
        try:
          safetensors.deserialize(packed[start:at])
          verdicts += "1"
        except Exception:
          verdicts += "0"
      print(verdicts)
      """
    guard let output = try python(script, [path]) else { return }
    let verdicts = output.utf8.dropLast().map { $0 == UInt8(ascii: "1") }
    try #require(verdicts.count == files.count)
    #expect(!verdicts[..<refusedByReference.count].contains(true))
    #expect(!verdicts[refusedByReference.count..<listed.count].contains(false))
    #expect(verdicts[listed.count...].contains(true) && verdicts[listed.count...].contains(false))
    for (file, accepted) in zip(files, verdicts) where !accepted {
      let text = String(decoding: file, as: UTF8.self)
      #expect(throws: CheckpointError.self, "\(text)") {
        try SafetensorsFile(bytes: file, name: "m")
      }
    }
  }
}
