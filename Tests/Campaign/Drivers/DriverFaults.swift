/// Drivers of OpenCL that fail, crash, hang or are not there.
enum DriverFaults: CampaignPart {
  static let name = "drivers"
  static let summary = "OpenCL drivers that fail, crash or are not there"

  static func run(in room: CampaignRoom) throws -> Tally {
    Tally()
  }
}
