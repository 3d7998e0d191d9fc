import ArgumentParser
import DRR

extension SessionOptions.LongSessions: ExpressibleByArgument {}
extension SessionOptions.Negatives: ExpressibleByArgument {}
extension SessionLog.OutputFormat: ExpressibleByArgument {}

/// What of a log of sessions is read, and how it is mended.
struct SessionReadingOptions: ParsableArguments {
  @Option(help: "The file to read of a folder or archive that has several.")
  var file: String?
  @Option(help: "Items of the catalogue, where ids count from 0 (default: as many as occur).")
  var items: Int?
  @Option(help: "Steps of a session at least, its start among them.")
  var minimumLength: Int?
  @Option(help: "Steps of a session at most, its start among them.")
  var maximumLength: Int?
  @Option(
    help: ArgumentHelp(
      "What happens to a session of more.",
      valueName: SessionOptions.LongSessions.allCases.map(\.rawValue).joined(separator: "|")))
  var longSessions = SessionOptions.LongSessions.refuse
  @Option(help: "Keep only so many items, those clicked most.")
  var topItems: Int?
  @Option(help: "Refuse lists of fewer items.")
  var minimumList: Int?
  @Option(help: "Items of the lists that are sampled where the log has none.")
  var sampledList = 10
  @Option(
    help: ArgumentHelp(
      "How those beside the click are drawn.",
      valueName: SessionOptions.Negatives.allCases.map(\.rawValue).joined(separator: "|")))
  var negatives = SessionOptions.Negatives.uniform
  @Flag(help: "Leave out sessions with a fault, and count them.")
  var dropFaulty = false
  @Flag(help: "Append clicks to lists that lack them, and count them.")
  var appendClicks = false
  @Flag(help: "Of an item that a list has twice keep the first, and count them.")
  var mergeDuplicates = false

  var options: SessionOptions {
    var options = SessionOptions()
    options.file = file
    options.itemCount = items
    options.minimumLength = minimumLength
    options.maximumLength = maximumLength
    options.longSessions = longSessions
    options.topItems = topItems
    options.minimumList = minimumList
    options.listSize = sampledList
    options.negatives = negatives
    if dropFaulty { options.repairs.insert(.dropSessions) }
    if appendClicks { options.repairs.insert(.appendClicks) }
    if mergeDuplicates { options.repairs.insert(.mergeDuplicates) }
    return options
  }
}
