// Ratings → a factorization → an agent, in a folder that a second run of this program goes on with.
//   swift run Train FOLDER
import DRR

let folder = RunFolder(CommandLine.arguments.dropFirst().first ?? "runs/example")
// Made up from a seed. A path to ratings of your own goes here, such as "ml-100k.zip".
let source = "generated:tiny"
let ratings = try RatingsSource.load(source)

var settings = RunConfiguration(source: source, log: ratings)
settings.evaluation.testShare = 0.4
(settings.pmf.dimension, settings.pmf.batchSize, settings.pmf.patience) = (8, 64, 60)
var agent = ResidualAgentConfiguration()
(agent.residual.cloningSteps, agent.steps, agent.learningStarts) = (200, 320, 64)
settings.choose(agent)

var observer = Observer()
observer.checkpointSteps = 160
observer.progress = { done, total, note in
  if done == total { print("\(done) \(note)") }
}
let experiment = try Experiment(settings, log: ratings, folder: folder)
let (model, trained) = try experiment.train(on: CPUBackend(), observer)

print("\(model.userCount) users and \(model.itemCount) items, \(model.dimension) factors each")
print("PMF test RMSE: \(decimal(try experiment.sessionError(model), 3)) stars")
let steps = try experiment.trainedSteps() ?? 0
print("trained for \(steps) steps to choose among \(trained.itemCount) items")
