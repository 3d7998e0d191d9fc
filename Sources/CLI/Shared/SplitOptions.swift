import ArgumentParser
import DRR

/// What a command holds out where nothing else is said.
protocol SplitDefault {
  static var split: EvaluationProtocol.Split { get }
}

enum UsersHeldOut: SplitDefault { static let split = EvaluationProtocol.Split.users }
enum LatestHeldOut: SplitDefault { static let split = EvaluationProtocol.Split.latest }

/// What is held out of a log of ratings.
struct SplitOptions<Default: SplitDefault>: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What is held out: users, rows (ratings at random), time (the latest ratings of all), "
        + "latest (those of each user) or none (everything trains, and nothing can be evaluated). "
        + "(default: \(Default.split.rawValue))"))
  var split: EvaluationProtocol.Split?
  @Option(
    help: ArgumentHelp(
      "Order of a user's ratings of one time. (default: drawn with latest and without times, else "
        + "file)"))
  var ties: TieOrder?
  @Option(help: "Seed of what is held out and of drawn ties. (default: 0)")
  var splitSeed: UInt64?
  @Option(help: "Fraction that is held out for test. (default: 0.2)")
  var testFraction: Double?
  @Option(help: "Fraction that is held out for validation. (default: 0.1)")
  var validationFraction: Double?

  /// - Parameter choosing: whether a split brings the settings of evaluation that suit it.
  func apply(to evaluation: inout EvaluationProtocol, choosing: Bool) {
    if let ties { evaluation.ties = ties }
    if let split {
      if choosing, split != evaluation.split {
        evaluation.choose(split)
      } else {
        evaluation.split = split
      }
    }
    if let splitSeed { evaluation.splitSeed = splitSeed }
    if let testFraction { evaluation.testShare = testFraction }
    if let validationFraction { evaluation.validationShare = validationFraction }
  }

  /// The first of the options that is given.
  var firstGiven: String? {
    Commands.firstGiven([
      ("--split", split != nil), ("--ties", ties != nil), ("--split-seed", splitSeed != nil),
      ("--test-fraction", testFraction != nil),
      ("--validation-fraction", validationFraction != nil),
    ])
  }

  func validate() throws {
    if split == .nothing, testFraction != nil || validationFraction != nil {
      throw ValidationError(
        "--split is none, which holds nothing out, and "
          + (testFraction == nil ? "--validation-fraction" : "--test-fraction")
          + " says how much to; leave one of them out.")
    }
    if let testFraction, !(testFraction > 0 && testFraction < 1) {
      throw ValidationError("--test-fraction is \(testFraction); it must be between 0 and 1.")
    }
    if let validationFraction, !(validationFraction >= 0 && validationFraction < 1) {
      throw ValidationError(
        "--validation-fraction is \(validationFraction); it must be at least 0 and below 1.")
    }
  }

  /// - Parameter validation: the fraction that is held out for validation unless one is given.
  func requireTraining(validation: Double = 0.1) throws {
    let (test, validation) = (testFraction ?? 0.2, validationFraction ?? validation)
    guard testFraction != nil || validationFraction != nil, test + validation >= 1 else { return }
    throw ValidationError(
      testFraction == nil
        ? "--validation-fraction is \(validation), and \(test) is held out for test; lower it."
        : "--test-fraction is \(test), and \(validation) is held out for validation; lower it.")
  }
}

extension EvaluationProtocol.Split: ExpressibleByArgument {}
extension TieOrder: ExpressibleByArgument {}
