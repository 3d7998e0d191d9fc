/// Which text of a kernel a device runs.
public enum KernelForm: String, Sendable, CaseIterable {
  /// The CPU form on a CPU device, the GPU form on any other.
  case automatic
  /// Tiles in local memory, trees over work-groups. 20 to 40 times slower on a CPU device.
  case gpu
  /// Work-groups of one item that walk a block with float16 vectors.
  case cpu
}

/// A form that was decided on, with the sizes that the kernels and their launches share.
struct FormShape: Hashable, Sendable {
  var isCPU: Bool
  /// The sizes that programs with matrix products are built for.
  var tile: ProductTile

  /// Elements of a flat array that one item does. 1024 keep the cost of a work-group of PoCL
  /// (tens of nanoseconds) below that of its elements.
  var block: Int { isCPU ? 1024 : 1 }
  /// Items of a work-group that walks a flat array.
  var elementItems: Int { isCPU ? 1 : 128 }
  /// Items of a work-group that reduces together.
  var groupItems: Int { isCPU ? 1 : 256 }

  func options(_ program: ProgramID) -> String {
    // Warnings of drivers' compilers are for us to read and not for users.
    "-cl-std=CL1.2 -w -DGROUP=\(groupItems) -DBLOCK=\(block)" + (isCPU ? " -DCPU_FORM" : "")
      + (program.hasProducts ? tile.options(isCPU: isCPU) : "")
  }
}
