// Ratings → a factorization → an agent, in a folder that a second run of this program goes on with.
//   swift run Train FOLDER
import DRR

let folder = RunFolder(CommandLine.arguments.dropFirst().first ?? "runs/example")
// Made up from a seed. A path to ratings of your own goes here, such as "ml-100k.zip".
let source = "generated:tiny"
let ratings = try RatingsSource.load(source)

var settings = RunConfiguration(source: source, log: ratings)
settings.pmf.dimension = 8
settings.pmf.epochs = 10
Preset.best.configure(&settings)
settings.agent!.training.steps = 320
settings.agent!.training.learningStarts = 64

var observer = Observer()
observer.checkpointSteps = 160
observer.progress = { done, total, note in
  if done == total { print("\(done) \(note)") }
}
let experiment = try Experiment(settings, log: ratings, folder: folder)
let (model, agent) = try experiment.train(on: CPUBackend(), observer)

print("factors of \(model.userCount) users and \(model.itemCount) items, \(model.dimension) each")
print("PMF test RMSE: \(decimal(experiment.sessionError(model), 3)) stars")
print("trained: \(try experiment.trainedSteps() ?? 0) steps, \(agent.itemCount) items to choose from")
