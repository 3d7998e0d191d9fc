import DRRCore
import Essentials
import Tensor

extension RunFolder {
  public func readConfiguration() throws -> RunConfiguration? {
    guard exists(configuration) else { return nil }
    guard let bytes = FileManager.default.contents(atPath: configuration) else {
      throw RunError("cannot read \(configuration)")
    }
    do {
      return try Self.decoder.decode(RunConfiguration.self, from: bytes)
    } catch  where readAlgorithm() == "irecgan" {
      throw RunError(
        "\(path) holds a run of IRecGAN; use `drr evaluate irecgan` or `drr simulate irecgan`")
    } catch  where readAlgorithm() != nil {
      throw RunError("\(path) holds a run of \(readAlgorithm()!), not of DRR")
    } catch let error as DecodingError {
      throw RunError("\(configuration): not the configuration of a run: \(error.summary)")
    }
  }

  /// A configuration that `json` made; nil for any other text.
  static func configuration(json: String) -> RunConfiguration? {
    try? decoder.decode(RunConfiguration.self, from: Data(json.utf8))
  }
}
