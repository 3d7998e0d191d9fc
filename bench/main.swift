@preconcurrency import Glibc
import DRR
import Kernels
import Tensor


setlinebuf(stdout)
let args = CommandLine.arguments
func now() -> Double { let c = ContinuousClock.now - start; return Double(c.components.seconds) + Double(c.components.attoseconds) * 1e-18 }
let start = ContinuousClock.now
let log = try RatingsSource.load(args[2]) { _, _ in }
print("loaded", log.count, log.userCount, log.itemCount, now())
let backend = CPUBackend()
var e = EvaluationProtocol()
e.splitSeed = UInt64(args.count > 3 ? args[3] : "0")!
let split = UserSplit(log, e)
let scale = RewardScale(ratingRange: log.ratingRange)
var c = PMFConfiguration()
if args.count > 4 { c.regularization = Float(args[4])! }
if args.count > 5 { c.learningRate = Float(args[5])! }
if args.count > 6 { c.batchSize = Int(args[6])! }
if args.count > 7 { c.biasRegularization = Float(args[7])! }
if args.count > 8 { c.initialDeviation = Float(args[8])! }
if args.count > 9 { c.dimension = Int(args[9])! }
if args[1] == "u" {
  var sum = 0.0
  for i in 1...5 {
    let sp = try MovieLens100K.officialSplit(args[2], i); let (train, test) = (sp.train, sp.test)
    let t = try PMFTrainer(c, log: train, rows: (0..<Int32(train.count)).map { $0 }, scale: scale, seed: 0, on: backend)
    var epochs = 0
    while !t.isFinished { _ = try t.runEpoch(); epochs += 1 }
    let r = t.best!.model.rootMeanSquaredError(test, rows: 0..<test.count, scale: scale)
    print("u\(i)", "holdout", t.best!.error, "test", r, "epochs", t.best!.epoch)
    sum += r / 5
  }
  print("mean", sum, now())
}
if args[1] == "pmf" || args[1] == "drr" {
  let t = try PMFTrainer(c, log: log, rows: split.visibleRows(in: log), scale: scale, seed: 0, on: backend)
  while !t.isFinished {
    let r = try t.runEpoch()
    print(r.epoch, r.error, now())
  }
  let model = t.best!.model
  print("session rmse", model.rootMeanSquaredError(log, rows: split.testUsers.lazy.flatMap { split.sessionRows(of: Int($0), in: log) }, scale: scale))
  let sessions = Session.all(log, split, e, window: 5, scale: scale)
  let off = OfflineEvaluation(sessions: sessions, cutoffs: e.cutoffs, seed: 0)
  let stats = ItemStatistics(log, split, scale: scale)
  func show(_ r: RankerResult) { print(r.name, r.rows.map { "\(decimal($0.precision.mean, 3))" }, "ndcg", r.rows.map { "\(decimal($0.ndcg.mean, 3))" }) }
  print("sessions", sessions.count)
  show(off.evaluate(RandomOrder(seed: 0)))
  show(off.evaluate(Popularity(stats)))
  show(off.evaluate(ItemMean(stats)))
  show(off.evaluate(PMFRating(model)))
  show(off.evaluate(Oracle()))
  if args[1] == "drr" {
    let d = DRRConfiguration()
    let env = try RatingEnvironment(log: log, split: split, model: model, statistics: stats, window: 5, sessionLength: 10, scale: scale, seed: 0)
    let tr = try DRRTrainer(d, environment: env, seed: 0, on: backend)
    show(try off.evaluate("untrained", tr.agent))
    let t0 = now()
    while !tr.isFinished {
      try tr.advance()
      if tr.step % 1000 == 0 { let r = try tr.report(); print(r.step, r.reward, r.inLog, r.criticLoss ?? 0, r.actorLoss ?? 0, now() - t0) }
      if tr.step % 5000 == 0 { show(try off.evaluate("drr", tr.agent)) }
    }
  }
}
