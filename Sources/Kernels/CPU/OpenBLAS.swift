internal import COpenBLAS
import Platform
import Synchronization

/// The matrix product library of the host, opened once, when it is first needed.
enum OpenBLAS {
  nonisolated(unsafe) private static let opened: UnsafePointer<blas_library> = {
    wasOpened.store(true, ordering: .releasing)
    return blas_open()
  }()
  private static let wasOpened = Atomic(false)

  /// The OPENBLAS_CORETYPE that was set before the library was opened.
  private static let preset: String? = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }

  static var library: UnsafePointer<blas_library> {
    _ = preset
    return opened
  }

  /// Cores that a person may ask for, and the vector level each needs.
  static let cores: KeyValuePairs = [
    "Haswell": 3, "Zen": 3, "SkylakeX": 4, "Cooperlake": 4, "SapphireRapids": 4,
    "Prescott": 1, "Core2": 1, "Nehalem": 1, "Sandybridge": 2,
  ]

  static func configure(core: String) throws(BackendError) {
    guard !wasOpened.load(ordering: .acquiring) else {
      throw .noDevice("OpenBLAS runs already, its core cannot become \(core) any more")
    }
    guard core != "auto" else {
      unsetenv("OPENBLAS_CORETYPE")
      return
    }
    guard let known = cores.first(where: { $0.key.lowercased() == core.lowercased() }) else {
      let names = cores.map(\.key).joined(separator: ", ")
      throw .noDevice("no OpenBLAS core is called '\(core)', expected auto or one of \(names)")
    }
    let level = Int(blas_vector_level())
    // Prescott is the base of x86-64; Sandybridge needs AVX, which AVX2 implies.
    guard level >= (known.value == 2 ? 3 : known.value) else {
      throw .noDevice("this processor lacks the instructions of the OpenBLAS core \(known.key)")
    }
    setenv("OPENBLAS_CORETYPE", known.key, 1)
  }

  /// `OpenBLAS 0.3.21 Cooperlake`, or `built-in loops`.
  static var driver: String {
    guard library.pointee.sgemm != nil else { return "built-in loops" }
    return "OpenBLAS \(version) \(core)"
  }

  /// Why nothing can be computed on the host, where there is no room even for OpenBLAS.
  static var refusal: String? {
    library.pointee.is_starved ? arrayText(library.pointee.reason) : nil
  }

  static var description: String {
    guard library.pointee.sgemm != nil else {
      let reason = arrayText(library.pointee.reason)
      return "OpenBLAS is absent (\(reason)): matrix products run on slower built-in loops; "
        + "install libopenblas0"
    }
    let chosen = "OpenBLAS \(version) (\(arrayText(library.pointee.file))) runs its \(core) core"
    if let preset { return chosen + ", OPENBLAS_CORETYPE is set to \(preset)" }
    let replaced = arrayText(library.pointee.replaced_core)
    guard replaced.isEmpty else {
      return chosen + " in place of its own choice \(replaced), which leaves this processor's "
        + "vector instructions unused; OPENBLAS_CORETYPE is not set"
    }
    return chosen + ", OPENBLAS_CORETYPE is not set"
  }

  private static var core: String { string(library.pointee.get_corename()) }

  private static var version: String {
    let words = string(library.pointee.get_config()).split(separator: " ")
    return words.count > 1 ? String(words[1]) : "of unknown version"
  }

  private static func string(_ characters: UnsafeMutablePointer<CChar>?) -> String {
    characters.map { String(cString: $0) } ?? "unknown"
  }
}

/// The string of a C array of characters.
func arrayText<Characters>(_ characters: Characters) -> String {
  withUnsafeBytes(of: characters) { bytes in
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
