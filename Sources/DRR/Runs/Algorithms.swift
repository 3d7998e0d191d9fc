import ActorCritic
import Agents
import Bandits
import DRRCore
import DeepQ
import IRecGAN
import NextItem
import Planning
import Platform
import PolicyGradients
import Tables

/// All that can be trained: an algorithm is one entry here.
public enum Algorithms {
  /// Agents that act in users' sessions and stand on a factorisation of ratings.
  public static let agents: [any AgentConfiguration.Type] = [
    DRRConfiguration.self, ResidualAgentConfiguration.self, DQNAgentConfiguration.self,
    PolicyGradientAgentConfiguration.self, PlannerConfiguration.self,
  ]

  /// The settings of all kinds of run.
  public static let runs: [any RunSettings.Type] = [
    RunConfiguration.self, IRecGANRunConfiguration.self, MultiTableRunConfiguration.self,
    GRURunConfiguration.self, TabularConfiguration.self, SarsaLambdaConfiguration.self,
    SmallWorldConfiguration.self, GaussianConfiguration.self, DDPGWorldConfiguration.self,
    SlateQRunConfiguration.self, GymRunConfiguration.self,
    BanditConfiguration<BernoulliArms>.self, BanditConfiguration<LinearProblem>.self,
    BanditConfiguration<CascadeProblem>.self, BanditConfiguration<AdProblem>.self,
    BanditConfiguration<ExhibitionProblem>.self, SweepSettings.self,
  ]

  /// The settings of the run in a folder, whatever its algorithm; nil if none was started.
  ///
  /// - Throws: `RunError` if they cannot be read.
  public static func settings(of folder: RunFolder) throws -> (any RunSettings)? {
    try settings(of: folder, in: folder.configuration)
  }

  /// The settings that a run's `config.json` holds, wherever it lies; nil if it is no run's.
  ///
  /// - Throws: `RunError` if they cannot be read.
  public static func settings(in configuration: String) throws -> (any RunSettings)? {
    try settings(of: RunFolder(configuration.parentFolder), in: configuration)
  }

  private static func settings(
    of folder: RunFolder, in configuration: String
  ) throws -> (any RunSettings)? {
    guard let algorithm = RunFolder.algorithm(of: configuration) else { return nil }
    guard let type = runs.first(where: { $0.algorithms.contains(algorithm) }) else {
      throw RunError(
        "\(configuration): no algorithm is called \(algorithm); it may be of a newer program: use that one"
      )
    }
    return try folder.read(type, configuration: configuration)
  }

  /// The settings that a folder's run was started with, for a command that goes on with such runs;
  /// nil if none was started.
  ///
  /// - Throws: `RunError` if it is of another kind, which it names with the command that takes it.
  public static func begun<Settings: RunSettings>(
    _ type: Settings.Type, in folder: RunFolder
  ) throws -> Settings? {
    guard let found = try settings(of: folder) else { return nil }
    guard let begun = found as? Settings else {
      throw RunError(
        "\(folder.path) is \(found.title); go on with it by `drr \(found.command) --run "
          + "\(folder.path)`, or name another --run")
    }
    return begun
  }

  /// The settings of a folder's run, for a command that looks at such runs; nil if none was started.
  ///
  /// - Throws: `RunError` if it is of another kind, which it names with the commands that take it.
  static func taken<Settings: RunSettings>(
    _ type: Settings.Type, in folder: RunFolder
  ) throws -> Settings? {
    guard let found = try settings(of: folder) else { return nil }
    guard let taken = found as? Settings else {
      throw RunError(try direction(to: folder) ?? folder.path)
    }
    return taken
  }

  /// What a folder holds and which commands take it, as in "runs/q is a Q-learning run; use
  /// `drr train q --run runs/q`".
  public static func direction(to folder: RunFolder) throws -> String? {
    guard let settings = try settings(of: folder) else { return nil }
    let commands = settings.uses.map { "`drr \($0) --run \(folder.path)`" }
    return "\(folder.path) is \(settings.title); use \(commands.joined(separator: " or "))"
  }
}
