import DRR

extension IRecGANTable {
  var text: String {
    func cell(_ mean: Mean?, _ digits: Int) -> String { mean?.text(digits) ?? "–" }
    let data = configuration.data
    var parts = [
      """
      data      \(data.name), \(grouped(data.sessions)) sessions, \(grouped(data.items)) items, CRC-32 \(data.checksum)\
      \(listsAreSampled ? "; the lists are samples, the click among them" : "")
      split     \(sessions.map(grouped).joined(separator: " / ")) sessions, \
      \(configuration.split.seed.map { "permuted by \($0)" } ?? "in file order")
      seeds     \(seeds.map(String.init).joined(separator: ", ")); ± SE, \
      \(seeds.count > 1 ? "of the seeds" : "positions of a session together")
      device    \(device)
      """
    ]
    if let testPositions {
      let ranked = rows.filter { !$0.foresight.isEmpty }
      parts.append(
        "\(grouped(testPositions)) test clicks; HR@k: the click is among the first k of the shown "
          + "list; precision@k: of k recommended out of the catalogue, clicked; in per cent\n"
          + Table(
            rows: [
              [
                "", "HR@1", "HR@10", "MRR", "precision@1", "precision@10",
              ]
            ]
              + ranked.map {
                [
                  Labels.sessions[$0.name], cell($0.reranking(0), 2), cell($0.reranking(1), 2),
                  cell($0.reciprocalRank, 3), cell($0.shareOfList(0), 2),
                  cell($0.shareOfList(1), 2),
                ]
              }
          ).text)
    }
    if let simulatedSessions {
      let played = rows.filter { !$0.online.isEmpty }
      parts.append(
        "in the simulator, \(grouped(simulatedSessions)) sessions each; reward, clicks: per session; "
          + "top-r recall: of the r items worth most in a state, the fraction in the list\n"
          + Table(
            rows: [
              [
                "", "reward", "clicks", "top-1 recall", "top-5 recall", "top-10 recall",
                "unique items",
              ]
            ]
              + played.map {
                [
                  Labels.sessions[$0.name], cell($0.reward, 3), cell($0.clicks, 3),
                  cell($0.coverage(1), 3),
                  cell($0.coverage(5), 3), cell($0.coverage(10), 3), cell($0.distinctItems, 0),
                ]
              }
          ).text)
    }
    let simulating = rows.filter { !$0.simulated.isEmpty }
    if let logged, !simulating.isEmpty {
      parts.append(
        "sessions that user model and agent make up from the starts of the test sessions; P(leave): "
          + "of the lists shown, the fraction beside which the user left; of the log's lists as the "
          + "model has it\n"
          + Table(
            rows: [
              ["", "P(leave), log's lists", "P(leave)", "steps", "reward"],
              [
                "test sessions", decimal(logged.leaving, 4), decimal(logged.leaving, 4),
                decimal(logged.length, 2), decimal(logged.reward, 3),
              ],
            ]
              + simulating.map {
                [
                  Labels.sessions[$0.name], cell($0.simulated(\.leavingOnLog), 4),
                  cell($0.simulated(\.leaving), 4), cell($0.simulated(\.length), 2),
                  cell($0.simulated(\.reward), 3),
                ]
              }
          ).text)
    }
    if let first = gain(0), let ten = gain(1) {
      parts.append(
        "IRecGAN minus PG of as many epochs: HR@1 \(cell(first, 2)), HR@10 \(cell(ten, 2))"
          + (onlineGain.map { ", reward \(cell($0, 3))" } ?? ""))
    }
    return parts.joined(separator: "\n\n")
  }
}
