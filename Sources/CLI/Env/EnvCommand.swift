import ArgumentParser
import DRR
import Gym
import Terminal

package struct EnvCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "env",
    abstract: "Let other programs act in a world, through a Unix socket: Gymnasium in Python.",
    discussion: """
      Environments step together, and an episode that ends makes room for the next in the same \
      step. Programs are answered one after another, each in environments that begin anew; \
      docs/python.md tells the messages. The socket's file is the user's own, and is removed in the \
      end. `ratings` is the simulator of a run on ratings.

      Examples:
        drr env --socket world.sock --env interest-evolution --num-envs 16
        drr env --socket world.sock --env cliff --exploring-starts --once
        drr env --socket world.sock --env ratings --run runs/first --seed 7
        drr env --socket world.sock --env virtual-taobao --weights taobao.safetensors
      """)

  @Option(help: ArgumentHelp("The path of the socket.", valueName: "path"))
  var socket: String
  @Option(help: "The world.")
  var env: GymName
  @Option(help: "Environments that step together.")
  var numEnvs = 1
  @Option(help: "Seed of all that is drawn, until a program names another.")
  var seed: UInt64 = 0
  @Flag(help: "End when the first program leaves.")
  var once = false
  @OptionGroup(title: "The world's settings") var options: GymOptions

  package init() {}

  package func validate() throws { try options.require(of: env) }

  package func run() throws {
    let world = try options.world(env)
    var session = try GymSession(world, count: numEnvs, seed: seed)
    Interrupt.install()
    let listening = try LocalSocket(at: socket) { Interrupt.isRequested }
    defer { listening.close() }
    Console.note(
      "\(numEnvs) environments of \(world.name) at \(socket); end it with Control-C")
    while let connection = try listening.accept() {
      defer { connection.close() }
      try session.serve(connection)
      if once && !Interrupt.isRequested { return }
      session = try GymSession(world, count: numEnvs, seed: seed)
    }
    throw ExitCode(130)
  }
}
