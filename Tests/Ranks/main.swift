import DRRCore
import DRRTestSupport
import Platform

// What `mpirun` starts to try the operations of ranks: prints what went wrong.
guard CommandLine.arguments.count == 2, let turns = Int(CommandLine.arguments[1]) else {
  print("usage: mpirun -n P ranks TURNS")
  exit(64)
}
let ranks = try MPICollective()
let faults = try CollectiveTrial.faults(ranks, turns: turns)
for fault in faults { print(fault) }
let count = try ranks.allReduce([Double(faults.count)])[0]
if ranks.leads { print("\(ranks.size) ranks, \(turns) turns, \(Int(count)) faults") }
try ranks.end()
exit(count == 0 ? 0 : 1)
