import Synchronization

/// Tells people what they wait for where kernels are not in the cache folder.
package enum KernelCompilation {
  private static let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// Calls `listener` with a sentence before the first kernel is compiled for a device.
  package static func tell(_ listener: @escaping @Sendable (String) -> Void) {
    self.listener.withLock { $0 = listener }
  }

  static func announce(_ device: String) {
    let kept = cacheFolder.map { "; they are kept in \($0)" } ?? ""
    listener.withLock { $0 }?("compiling kernels for \(device), up to a minute\(kept)")
  }
}
