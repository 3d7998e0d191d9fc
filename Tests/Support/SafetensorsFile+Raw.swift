import Tensor

/// The values as they are, which no code that uses them reads without saying what it expects.
extension SafetensorsFile {
  public func int32s(_ name: String, shape: [Int]? = nil) throws(CheckpointError) -> [Int32] {
    try values(name, shape: shape)
  }
  public func int64s(_ name: String, shape: [Int]? = nil) throws(CheckpointError) -> [Int64] {
    try values(name, shape: shape)
  }
  public func uint32s(_ name: String, shape: [Int]? = nil) throws(CheckpointError) -> [UInt32] {
    try values(name, shape: shape)
  }
  public func uint64s(_ name: String, shape: [Int]? = nil) throws(CheckpointError) -> [UInt64] {
    try values(name, shape: shape)
  }
  public func bytes(_ name: String, shape: [Int]? = nil) throws(CheckpointError) -> [UInt8] {
    try values(name, shape: shape)
  }
}
