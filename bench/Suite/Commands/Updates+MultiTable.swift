import DRR
import Tensor

/// One pass of Q-learning in many tables over ratings, as published but for the defects: the largest
/// sub-states of three items by their first genre.
extension Updates {
  /// What the published program makes with 150 items, a second.
  static let publishedMultiTableUpdates = 927.0

  func multiTableFigures(in room: Room) throws -> [Figure] {
    try multiTableData.map { source in
      room.step("many tables, \(source)")
      return try multiTable(source, in: room)
    }
  }

  private func multiTable(_ source: String, in room: Room) throws -> Figure {
    var settings = MultiTableConfiguration()
    settings.subStates = .largest
    // The log goes before the tables come.
    let (histories, tables, itemCount) = try {
      let log = try RatingsSource.load(source)
      let histories = Histories(log, UserSplit(everything: log))
      return (histories, try ItemTables(log, settings, histories), log.itemCount)
    }()
    var last: MultiTableLearner?
    var harness = room.harness
    (harness.calls, harness.mostSeconds) = (1, 20)
    let samples = try harness.measure([
      room.work("pass") {
        last = nil
        let learner = MultiTableLearner(
          settings, histories, tables, scale: .fiveStars, itemCount: itemCount,
          collective: SoleCollective())
        for round in 0..<learner.roundCount { try learner.learn(round: round) }
        last = learner
      }
    ])[0]
    var figure = Figure(
      "updates", "many tables, a pass over \(histories.count) ratings", samples, in: room)
    guard let learner = last, let seconds = figure.time?.median else { return figure }
    let rate = Double(learner.counts.updates) / seconds
    figure.values = [
      "updates/s": rate, "times the published program's": rate / Self.publishedMultiTableUpdates,
      "rows": Double(learner.shards[0].rowCount), "cells": Double(learner.shards[0].cellCount),
      "bytes a cell": Double(learner.shards[0].bytes) / Double(learner.shards[0].cellCount),
      "peak GB of the process": Double(peakMemory() ?? 0) / 1e9,
    ]
    return figure
  }
}
