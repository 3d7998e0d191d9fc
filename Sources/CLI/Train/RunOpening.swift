import DRR

/// Makes or takes up the run that the options describe.
struct RunOpening {
  var run: RunOptions
  var settings: SettingOptions
  /// Nil for a run of PMF alone.
  var agent: (any AgentSettings)?
  var fresh: Bool

  /// Changes nothing: what is wrong with the settings shows before the folder is touched.
  func open() throws -> Experiment {
    let folder = run.folder
    try run.requireOne()
    let begun = fresh ? nil : try folder.readConfiguration()
    let log = try loadRatings(settings.data ?? begun?.data.source ?? "generated:small")
    var wanted =
      begun
      ?? RunConfiguration(source: settings.data ?? "generated:small", log: log)
    if let data = settings.data, let begun, data != begun.data.source {
      wanted.data = DataIdentity(source: data, log: log)
    }
    if let agent {
      agent.prepare(&wanted, asPublished: settings.asPublished)
    }
    settings.apply(to: &wanted)
    if let agent {
      var drr = wanted.drr ?? DRRConfiguration()
      try agent.apply(to: &drr)
      wanted.drr = drr
    }
    if let begun {
      // Another path to the same ratings is the same data.
      var comparable = wanted
      comparable.data.source = begun.data.source
      comparable.data.name = begun.data.name
      if begun.drr == nil { comparable.drr = nil }
      if let change = begun.firstDifference(from: comparable) {
        throw RunError(
          "\(run.run): the run was begun with \(change.name) \(change.begun), not "
            + "\(change.wanted); name another --run, or begin again with --fresh")
      }
    }
    let experiment = try Experiment(wanted, log: log, folder: folder)
    if agent != nil { try experiment.requireHistories() }
    return experiment
  }
}
