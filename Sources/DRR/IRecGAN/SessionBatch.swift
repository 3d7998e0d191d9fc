import ClickSessions
import DRRCore
import Tensor

/// Sessions that U and A learn from, and what each step of them weighs.
package struct TrainingSessions {
  package var log: SessionLog
  /// Of each step, for U's likelihood and for A's.
  package var userWeights: [Float]
  package var agentWeights: [Float]
  /// Of leaving, a session.
  package var leavingWeights: [Float]

  /// Each counts alike: maximum likelihood.
  package init(_ log: SessionLog) {
    self.log = log
    userWeights = Array(repeating: 1, count: log.stepCount)
    agentWeights = userWeights
    leavingWeights = Array(repeating: 1, count: log.count)
  }

  /// The gradients of Bai, Guan & Wang (2019). Of U
  ///
  ///     E[Σ_t q_D(τ_0:t) ∇ log p(c_t, r_t)],
  ///
  /// so that a step, leaving among them, counts by how real the session is up to it; of A
  ///
  ///     E[Σ_t Σ_t′≥t γ^(t′−t) q_D(τ_0:t′)(1 + λ_r r_t′) ∇ log π(c_t)],
  ///
  /// where it counts by the return of what comes. U has no return: what users do is no means to an
  /// end, and one of clicks alone would teach U that nobody leaves.
  ///
  /// - Parameter realness: q_D of each step; nil: 1, as of what was logged.
  package init(_ log: SessionLog, realness: [Float]? = nil, discount: Float, rewardWeight: Float) {
    self.init(log)
    userWeights = realness ?? userWeights
    for session in 0..<log.count {
      var ofAgent: Float = 0
      let steps = log.steps(of: session)
      leavingWeights[session] = userWeights[steps.upperBound - 1]
      for step in steps.reversed() {
        ofAgent =
          userWeights[step] * (1 + rewardWeight * log.rewards[step]) + discount * ofAgent
        agentWeights[step] = ofAgent
      }
    }
  }
}

extension TrainingSessions {
  /// All of them in their own order, or those batches that are this rank's.
  package func batches(
    of size: Int, seed: UInt64, on backend: any Backend,
    among ranks: any Collective = SoleCollective()
  ) -> [SessionBatch] {
    var random = Philox(seed: seed, stream: Streams.leavingLists)
    return SessionEpoch(
      (0..<log.count).map { SessionReference(source: 0, session: $0) }, of: [self],
      batchSize: size, rewardedWeight: 1, random: &random, on: backend, among: ranks
    ).batches
  }
}

/// One session of those that an epoch draws from.
package struct SessionReference: Hashable {
  package var source: Int
  package var session: Int

  package init(source: Int, session: Int) {
    self.source = source
    self.session = session
  }
}

/// How much there is to predict of each session of a batch.
package struct SessionWork {
  /// Clicks and, where the user left, that.
  package var positions: [Int]
  package var clicks: [Int]
}

/// A batch on the device, or some of its sessions. They stand longest first; positions of clicks
/// before those of leaving.
package struct SessionBatch {
  /// Which sessions of the batch these are: B of them.
  package let held: Range<Int>
  /// Of all sessions of the batch.
  package let work: SessionWork
  /// What the networks read, [B, T]; −1 behind the end.
  package let clicks: IndexTensor
  package let lengths: IndexTensor
  /// Rows of the [B · T] states behind which something is predicted, [P].
  package let positions: IndexTensor
  /// The first of them, [C], behind which a click is.
  package let clickPositions: IndexTensor
  /// What was shown, and leaving as the last column, [P, L + 1]; −1 where there is nothing.
  package let slates: IndexTensor
  /// The column of a slate that was taken, [P].
  package let choices: IndexTensor
  /// The items clicked, [C], and what they earned.
  package let items: IndexTensor
  package let rewards: Tensor
  package let userWeights: Tensor
  package let rewardWeights: Tensor
  package let agentWeights: Tensor
  /// The positions, on the host.
  let places: ArraySlice<Int32>

  /// Sessions of the whole batch.
  package var count: Int { work.positions.count }
  package var clickCount: Int { items.shape[0] }
  var positionCount: Int { positions.shape[0] }

  /// Some of its sessions, all of which are here, and which they are; nil: all of the batch.
  func part(_ rows: Range<Int>?) -> (SessionBatch, BatchPart?) {
    guard let rows, rows.count < count else { return (self, nil) }
    let part = BatchPart(rows, of: count)
    if rows == held { return (self, part) }
    let backend = clicks.backend
    let here = rows.lowerBound - held.lowerBound..<rows.upperBound - held.lowerBound
    let first = Int32(here.lowerBound * clicks.shape[1])
    let end = Int32(here.upperBound * clicks.shape[1])
    let places = Array(places)
    let own = places.indices.filter { (first..<end).contains(places[$0]) }
    let clicked = own.prefix { $0 < clickCount }
    func index(_ values: [Int32]) -> IndexTensor {
      IndexTensor(values, shape: [values.count], on: backend)
    }
    let picks = index(own.map { Int32($0) })
    let (from, to) = (clicked.first ?? 0, (clicked.last ?? -1) + 1)
    let kept = own.map { places[$0] - first }
    let positions = index(kept)
    return (
      SessionBatch(
        held: rows, work: work, clicks: clicks[here], lengths: lengths[here],
        positions: positions, clickPositions: positions[0..<clicked.count],
        slates: slates.rows(at: picks), choices: choices.rows(at: picks), items: items[from..<to],
        rewards: rewards[from..<to],
        userWeights: userWeights.reshaped([positionCount, 1]).detachedRows(at: picks)
          .reshaped([own.count]),
        rewardWeights: rewardWeights[from..<to], agentWeights: agentWeights[from..<to],
        places: kept[...]),
      part
    )
  }
}

/// The batches of an epoch, uploaded together.
package struct SessionEpoch {
  package let batches: [SessionBatch]

  /// - Parameters:
  ///   - order: sessions, batch by batch.
  ///   - random: draws the lists beside which a user left, which no log tells: those of other
  ///     sessions at the same step.
  ///   - ranks: who share the batches; of those of the others, no more is made than their draws.
  ///   - held: the sessions of a batch that are asked for; nil: all of them.
  package init(
    _ order: [SessionReference], of sources: [TrainingSessions], batchSize: Int,
    rewardedWeight: Float, random: inout Philox, on backend: any Backend,
    among ranks: any Collective = SoleCollective(),
    holding held: ((SessionWork) -> Range<Int>)? = nil
  ) {
    var arrays = Arrays(
      slateWidth: 1 + (sources.map(\.log.longestList).max() ?? 0), rewardedWeight: rewardedWeight)
    let listed = sources.map { Self.listedSteps($0.log) }
    let starts = Array(stride(from: 0, to: order.count, by: batchSize))
    let own = ranks.share(of: starts.count)
    for (number, start) in starts.enumerated() {
      let batch = Self.sorted(
        order[start..<min(start + batchSize, order.count)], of: sources, listed: listed)
      let left = Self.leavingSteps(batch, of: sources, listed: listed, random: &random)
      guard own.contains(number), !batch.isEmpty else { continue }
      let clicks = batch.map { reference, _ in
        sources[reference.source].log.steps(of: reference.session).count - 1
      }
      var work = SessionWork(positions: clicks, clicks: clicks)
      for (row, _) in left { work.positions[row] += 1 }
      arrays.append(
        batch, left, of: sources, work, holding: held?(work) ?? batch.startIndex..<batch.endIndex)
    }
    batches = arrays.upload(to: backend)
  }

  /// Sessions of a batch behind which something is predicted, with how many clicks are read of each;
  /// longest first.
  private static func sorted(
    _ references: ArraySlice<SessionReference>, of sources: [TrainingSessions], listed: [[[Int]]]
  ) -> [(reference: SessionReference, inputs: Int)] {
    references.map { (reference: $0, inputs: inputs(of: $0.session, in: sources[$0.source].log)) }
      .filter { reference, inputs in
        let isClicked = sources[reference.source].log.steps(of: reference.session).count > 1
        return inputs > 0
          && (isClicked || !lists(behind: inputs, listed[reference.source]).isEmpty)
      }
      .enumerated().sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
      .map(\.element)
  }

  /// Of the rows that were left, where some list may stand for the one without a click, the step
  /// whose list does.
  private static func leavingSteps(
    _ batch: [(reference: SessionReference, inputs: Int)], of sources: [TrainingSessions],
    listed: [[[Int]]], random: inout Philox
  ) -> [(row: Int, step: Int)] {
    var left: [(row: Int, step: Int)] = []
    for (row, (reference, inputs)) in batch.enumerated()
    where sources[reference.source].log.ended[reference.session] {
      let candidates = lists(behind: inputs, listed[reference.source])
      guard let step = candidates.randomElement(using: &random) else { continue }
      left.append((row, step))
    }
    return left
  }

  /// Steps whose lists may stand for the one without a click behind so many clicks.
  private static func lists(behind inputs: Int, _ listed: [[Int]]) -> [Int] {
    listed.isEmpty ? [] : listed[min(inputs, listed.count - 1)]
  }

  /// Steps that a list is known of, by their number in the session.
  private static func listedSteps(_ log: SessionLog) -> [[Int]] {
    var listed: [[Int]] = []
    for session in 0..<log.count {
      for (number, step) in log.steps(of: session).enumerated() where !log.list(of: step).isEmpty {
        while listed.count <= number { listed.append([]) }
        listed[number].append(step)
      }
    }
    return listed
  }

  /// How many clicks the networks read of a session: all behind which something is predicted.
  static func inputs(of session: Int, in log: SessionLog) -> Int {
    log.steps(of: session).count - (log.ended[session] ? 0 : 1)
  }

  private struct Extent {
    var held: Range<Int>
    var work: SessionWork
    var steps: Int
    var positions: Int
    var clicks: Int
  }

  /// What the batches hold, one behind the other.
  private struct Arrays {
    let slateWidth: Int
    let rewardedWeight: Float
    var extents: [Extent] = []
    var clicks: [Int32] = []
    var lengths: [Int32] = []
    var positions: [Int32] = []
    var slates: [Int32] = []
    var choices: [Int32] = []
    var items: [Int32] = []
    var rewards: [Float] = []
    var userWeights: [Float] = []
    var rewardWeights: [Float] = []
    var agentWeights: [Float] = []

    init(slateWidth: Int, rewardedWeight: Float) {
      self.slateWidth = slateWidth
      self.rewardedWeight = rewardedWeight
    }

    /// - Parameters:
    ///   - batch: sessions, longest first, and how many clicks are read of each.
    ///   - left: rows that were left, each with the step whose list stands for the one without a
    ///     click.
    ///   - held: the rows that are kept.
    mutating func append(
      _ batch: [(reference: SessionReference, inputs: Int)], _ left: [(row: Int, step: Int)],
      of sources: [TrainingSessions], _ work: SessionWork, holding held: Range<Int>
    ) {
      let longest = batch[0].inputs
      let firstClick = items.count
      let firstPosition = positions.count
      func place(_ row: Int, _ column: Int) -> Int32 {
        Int32((row - held.lowerBound) * longest + column)
      }
      for row in held {
        let (reference, inputs) = batch[row]
        let source = sources[reference.source]
        let log = source.log
        let steps = log.steps(of: reference.session)
        lengths.append(Int32(inputs))
        for column in 0..<longest {
          clicks.append(column < inputs ? log.clicks[steps.lowerBound + column] : -1)
        }
        for (column, step) in steps.dropFirst().enumerated() {
          positions.append(place(row, column))
          let isListed = appendSlate(
            log.list(of: step), end: log.end, choosing: log.clicks[step])
          items.append(log.clicks[step])
          rewards.append(log.rewards[step])
          // Of a click whose list is not known U can tell nothing.
          userWeights.append(isListed ? source.userWeights[step] : 0)
          rewardWeights.append(
            source.userWeights[step] * (log.rewards[step] > 0.5 ? rewardedWeight : 1))
          agentWeights.append(source.agentWeights[step])
        }
      }
      let clickCount = items.count - firstClick
      for (row, step) in left where held.contains(row) {
        let (reference, inputs) = batch[row]
        let source = sources[reference.source]
        let log = source.log
        positions.append(place(row, inputs - 1))
        appendSlate(log.list(of: step), end: log.end, choosing: log.end)
        userWeights.append(source.leavingWeights[reference.session])
      }
      extents.append(
        Extent(
          held: held, work: work, steps: longest, positions: positions.count - firstPosition,
          clicks: clickCount))
    }

    /// - Returns: whether the item is in the slate.
    @discardableResult
    private mutating func appendSlate(
      _ list: ArraySlice<Int32>, end: Int32, choosing item: Int32
    ) -> Bool {
      slates.append(contentsOf: list)
      for _ in list.count..<slateWidth - 1 { slates.append(-1) }
      slates.append(end)
      let column =
        item == end ? slateWidth - 1 : list.firstIndex(of: item).map { $0 - list.startIndex }
      choices.append(Int32(column ?? slateWidth - 1))
      return column != nil
    }

    func upload(to backend: any Backend) -> [SessionBatch] {
      func indices(_ values: [Int32]) -> Indices {
        IndexTensor(values, shape: [values.count], on: backend).view
      }
      func floats(_ values: [Float]) -> Floats {
        Tensor(values, shape: [values.count], on: backend).view
      }
      let clicks = indices(clicks), lengths = indices(lengths), places = self.positions
      let positions = indices(places)
      let slates = indices(slates), choices = indices(choices), items = indices(items)
      let rewards = floats(rewards), userWeights = floats(userWeights)
      let rewardWeights = floats(rewardWeights), agentWeights = floats(agentWeights)
      var (click, row, position, item) = (0, 0, 0, 0)
      return extents.map { extent in
        defer {
          click += extent.held.count * extent.steps
          row += extent.held.count
          position += extent.positions
          item += extent.clicks
        }
        func index(_ view: Indices, _ from: Int, _ shape: Shape) -> IndexTensor {
          IndexTensor(view: view[from..<from + shape.count], shape: shape, on: backend)
        }
        func tensor(_ view: Floats, _ from: Int, _ count: Int) -> Tensor {
          Tensor(view: view[from..<from + count], shape: [count], on: backend)
        }
        let width = slateWidth
        return SessionBatch(
          held: extent.held, work: extent.work,
          clicks: index(clicks, click, [extent.held.count, extent.steps]),
          lengths: index(lengths, row, [extent.held.count]),
          positions: index(positions, position, [extent.positions]),
          clickPositions: index(positions, position, [extent.clicks]),
          slates: index(slates, position * width, [extent.positions, width]),
          choices: index(choices, position, [extent.positions]),
          items: index(items, item, [extent.clicks]),
          rewards: tensor(rewards, item, extent.clicks),
          userWeights: tensor(userWeights, position, extent.positions),
          rewardWeights: tensor(rewardWeights, item, extent.clicks),
          agentWeights: tensor(agentWeights, item, extent.clicks),
          places: places[position..<position + extent.positions])
      }
    }
  }
}
