internal import COpenCL

/// A kernel object, which keeps its arguments from one launch to the next. A backend has several of
/// one kernel, told apart by the memory that they work on: a step of training that comes again finds
/// each as it left it, and sets only what changed.
final class KernelObject {
  /// Objects of one kernel, at most.
  static let most = 16

  let handle: cl_kernel
  /// As they were last set; empty where that is not known.
  var arguments: [KernelArgument] = []
  /// Mixed from the memory among them.
  var place = 0
  /// The launch that it was last for.
  var lastLaunch = 0

  init(handle: cl_kernel) { self.handle = handle }

  static func place(_ arguments: [KernelArgument]) -> Int {
    var mixed = 0
    for case .memory(let memory, let offset) in arguments {
      mixed = (mixed ^ Int(bitPattern: memory)) &* 0x9E37_79B9_7F4A_7C1
      mixed = (mixed ^ Int(offset)) &* 0x9E37_79B9_7F4A_7C1
    }
    return mixed
  }
}
