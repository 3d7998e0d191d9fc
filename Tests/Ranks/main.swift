import DRRCore
import DRRTestSupport
import Platform

// What `mpirun` starts to try the operations of ranks, which prints what went wrong, or to time the
// sum of gradients by its bytes.
let words = Array(CommandLine.arguments.dropFirst())
guard words.count == 1, words[0] == "cost" || Int(words[0]) != nil else {
  print("usage: mpirun -n P ranks TURNS, or mpirun -n P ranks cost")
  exit(64)
}
let ranks = try MPICollective()
guard let turns = Int(words[0]) else {
  try printCost(ranks)
  try ranks.end()
  exit(0)
}
let faults = try CollectiveTrial.faults(ranks, turns: turns)
for fault in faults { print(fault) }
let count = try ranks.allReduce([Double(faults.count)])[0]
if ranks.leads { print("\(ranks.size) ranks, \(turns) turns, \(Int(count)) faults") }
try ranks.end()
exit(count == 0 ? 0 : 1)

/// The median time of a sum of so many bytes, and the line α + β · bytes through the ends.
func printCost(_ ranks: any Collective) throws {
  var times: [(bytes: Double, seconds: Double)] = []
  for power in 2...24 {
    let sums = PartSums(ranks, own: 1)
    sums.begin(width: 1 << power / 4)
    let turns = max(20, min(400, 1 << 26 / (1 << power)))
    var seconds: [Double] = []
    for _ in 0..<turns {
      try ranks.barrier()
      let start = ContinuousClock.now
      try sums.add()
      let time = (ContinuousClock.now - start).components
      seconds.append(Double(time.seconds) + Double(time.attoseconds) * 1e-18)
      sums[part: 0].update(repeating: 1)
    }
    times.append((Double(1 << power), seconds.sorted()[turns / 2]))
  }
  guard ranks.leads else { return }
  for (bytes, seconds) in times { print("\(Int(bytes)) bytes: \(decimal(seconds * 1e6, 1)) µs") }
  let (first, middle, last) = (times[0], times[times.count - 5], times.last!)
  let beta = (last.seconds - middle.seconds) / (last.bytes - middle.bytes)
  print(
    "\(ranks.size) ranks: α \(decimal(first.seconds * 1e6, 1)) µs, β \(decimal(beta * 1e9, 4)) ns a "
      + "byte")
}
