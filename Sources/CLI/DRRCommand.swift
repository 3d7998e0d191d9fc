import ArgumentParser

@main
struct DRRCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "drr")
}
