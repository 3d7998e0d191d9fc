import ArgumentParser
import DRR
import Gym

/// Where a world of another program is answered.
struct SocketOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Learn in the world that another program answers for at this Unix socket, by the messages of \
      docs/python.md; in Python drr.train serves Gymnasium's. The world tells how many environments \
      step together.
      """, valueName: "path"))
  var socket: String?

  /// Whether such a world is meant: one that is named, or that of a run which was started.
  func isGiven(_ folder: RunFolder, _ start: StartOptions) -> Bool {
    socket != nil || start.algorithm(in: folder) == GymRunConfiguration.algorithms[0]
  }

  /// Refuses what is the other program's to say.
  func require(_ options: [(name: String, isGiven: Bool)]) throws {
    guard let option = firstGiven(options) else { return }
    throw ValidationError(
      "\(option) is no option of a world of another program, which --socket names; leave it out.")
  }
}

/// Trains in a world of another program.
struct GymTraining {
  /// Such as "train dqn".
  let command: String
  let options: RunOptions
  let group: GroupOptions
  let training: TrainingOptions
  /// Nil for what is trained on the host alone.
  let device: DeviceOptions?

  /// - Parameters:
  ///   - settings: makes those of a new run, or of the one that was started, those that are wanted.
  func run(
    _ output: OutputOptions, at elsewhere: SocketOption, seed: UInt64?,
    _ settings: (inout GymRunConfiguration) -> Void
  ) throws {
    if (group.seeds ?? 1) > 1 {
      throw ValidationError(
        "--seeds trains runs side by side, and at a socket one world is answered; train them one "
          + "after another by --seed.")
    }
    try Ranks.requireOne(for: "a world of another program")
    let begun: GymRunConfiguration? = try training.start.begun(options.folder, by: command)
    if let begun, begun.command != command {
      throw RunError(
        "\(options.run) is \(begun.title); go on with it by `drr \(begun.command) --run "
          + "\(options.run)`, or name another --run")
    }
    let socket = elsewhere.socket ?? begun!.socket
    let world = try RemoteWorld(at: socket, seed: seed ?? begun?.seed ?? 0)
    var wanted = begun ?? GymRunConfiguration(world.identity, socket: socket)
    (wanted.world, wanted.socket) = (world.identity, socket)
    settings(&wanted)
    if let seed { wanted.seed = seed }
    if wanted.dqn != nil || wanted.ddpg != nil, wanted.steps <= wanted.learningStarts {
      noteNoUpdate(steps: wanted.steps, learningStarts: wanted.learningStarts)
    }
    if !training.fresh, options.folder.exists(options.folder.checkpoint),
      !options.folder.exists(options.folder.report)
    {
      Console.note("\(world.identity.name) begins new episodes; all else goes on as it was saved")
    }
    try SettledTraining(
      options: options, group: group, training: training, device: device, settings: wanted
    ).run(output, trial: { try DeviceTrial.secondsPerSmallUpdate(on: $0) }) { settings, backend in
      let trainer = try GymTrainer(settings, in: world, on: backend)
      return (
        trainer,
        { last in
          let earned = last.meanReturn.map { "a mean return of \(decimal($0, 2)) at the end" }
          return "\(settings.world.name), step \(grouped(last.step)): "
            + (earned ?? "no episode has ended since the last report")
        }
      )
    }
  }
}
