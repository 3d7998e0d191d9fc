internal import COpenCL

/// The text of the programs: from this build, or from the folder in DRR_KERNEL_PATH.
enum KernelSource {
  static func text(of program: ProgramID, _ form: FormShape) throws(BackendError) -> String {
    var text = ""
    for name in program.parts(form) { text += try part(name) }
    return text
  }

  private static func part(_ name: String) throws(BackendError) -> String {
    if let folder = environment("DRR_KERNEL_PATH") {
      let path = "\(folder)/\(name).cl"
      guard let bytes = readFile(path) else {
        throw .build(
          program: name, device: "any device", log: "DRR_KERNEL_PATH: \(path) cannot be read")
      }
      return String(decoding: bytes, as: UTF8.self)
    }
    for index in 0..<copencl_source_count() {
      let source = copencl_source_at(index)
      guard String(cString: source.name) == name else { continue }
      return String(
        decoding: UnsafeBufferPointer(start: source.bytes, count: source.count), as: UTF8.self)
    }
    fatalError("kernels/\(name).cl is not in sources.c")
  }
}
