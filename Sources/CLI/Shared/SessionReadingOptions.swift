import ArgumentParser
import DRR

extension SessionOptions.LongSessions: ExpressibleByArgument {}
extension SessionOptions.Negatives: ExpressibleByArgument {}
extension SessionLog.OutputFormat: ExpressibleByArgument {}

/// What of a log of sessions is read, and how it is repaired.
struct SessionReadingOptions: ParsableArguments {
  @Option(help: "The file to read of a folder or archive that has several.", completion: .file())
  var file: String?
  @Option(help: "Items of the catalogue, where ids count from 0. (default: as many as occur)")
  var items: Int?
  @Option(help: "Fewest steps of a session, its start among them.")
  var minimumLength: Int?
  @Option(help: "Most steps of a session, its start among them.")
  var maximumLength: Int?
  @Option(help: "What happens to a longer session.")
  var longSessions = SessionOptions.LongSessions.refuse
  @Option(help: "Keep only so many items, those clicked most.")
  var topItems: Int?
  @Option(help: "Refuse lists of fewer items.")
  var minimumList: Int?
  @Option(help: "Items of the lists that are sampled where the log has none.")
  var sampledList = 10
  @Option(help: "How those beside the click are drawn.")
  var negatives = SessionOptions.Negatives.uniform
  @Flag(help: "Leave out sessions with an invalid row, and count them.")
  var dropInvalid = false
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
    if dropInvalid { options.repairs.insert(.dropSessions) }
    if appendClicks { options.repairs.insert(.appendClicks) }
    if mergeDuplicates { options.repairs.insert(.mergeDuplicates) }
    return options
  }
}
