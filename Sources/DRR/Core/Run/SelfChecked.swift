import Tensor

/// A stored value that holds the checksum of its own JSON.
package protocol SelfChecked: Codable {
  /// CRC-32 of the JSON in which this is empty, 8 hexadecimal digits.
  var checksum: String { get set }
}

extension SelfChecked {
  /// The same with its checksum in place.
  package func checksummed() throws -> Self {
    var copy = self
    copy.checksum = ""
    copy.checksum = Checksum.text(of: Array(try RunFolder.json(copy).utf8))
    return copy
  }

  /// Whether it is what was stored.
  package var isWhole: Bool { (try? checksummed().checksum) == checksum }
}
