import ClickSessions
import DRRData
import Foundation
import Tensor

/// Small logs in every layout, and what they say.
enum SessionFixtures {
  static let threeFiles = [
    "gen_click.txt": "3 1 0\n2\n0 3\n",
    "gen_action.txt": "3,3 0,1 0,2\n2,2\n0,0 1,3\n",
    "gen_reward.txt": "0 1 0\n0\n0 0.5\n",
  ]
  static let semicolon =
    "1;0;0;;0\n1;2;3;1,3;0\n1;1;2;2,0;1\n2;0;0;;0\n3;0;0;;0\n3;4;1;3,1;0\n"
  static let clickLogs = [
    "train-queries.csv":
      "queryId;sessionId;userId;timeframe;duration;eventdate;searchstring.tokens;categoryId;"
      + "items;is.test\n"
      + "10;7;NA;5;1;2016-05-09;1,2;0;101,102,103;FALSE\n"
      + "11;7;NA;90;1;2016-05-09;;5;104,101;FALSE\n"
      + "12;8;3;1;1;2016-05-09;3;0;102,105;FALSE\n"
      + "13;9;4;1;1;2016-05-09;3;0;103,101;TRUE\n",
    "train-clicks.csv": "queryId;timeframe;itemId\n11;95;101\n10;6;103\n10;40;101\n12;2;102\n"
      + "12;9;105\n",
    "train-item-views.csv":
      "session_id;user_id;item_id;timeframe;eventdate\n7;NA;103;7;2016-05-09\n",
    "train-purchases.csv":
      "sessionId;userId;timeframe;eventdate;ordernumber;itemId\n7;NA;99;2016-05-09;1;101\n"
      + "8;3;99;2016-05-09;2;999\n",
  ]
}

extension SessionLog {
  /// Whether every number is where it must be.
  var isWhole: Bool {
    let all = Int32(0)..<Int32(itemCount)
    return count > 0 && itemIDs.count == itemCount && offsets.count == count + 1
      && offsets.last == stepCount && listOffsets.count == stepCount + 1
      && listOffsets.last == shown.count && rewards.count == stepCount
      && (0..<count).allSatisfy { !steps(of: $0).isEmpty }
      && clicks.allSatisfy(all.contains) && shown.allSatisfy(all.contains)
      && rewards.allSatisfy(\.isFinite)
      && (states.isEmpty || states.count == stepCount && lastStates.count == count)
  }
}

/// The error that reading gives, nil where there is none.
func sessionMessage(_ path: String, _ options: SessionOptions = SessionOptions()) -> String? {
  do throws(DataError) {
    _ = try SessionSource.load(path, options)
    return nil
  } catch { return error.description }
}

func options(_ change: (inout SessionOptions) -> Void) -> SessionOptions {
  var options = SessionOptions()
  change(&options)
  return options
}

/// Any item as likely as any other: random numbers that depend on the seed and the position alone.
/// What chance comes to exactly, ``SessionEvaluation/chance()`` tells.
final class ChanceScorer: SessionScorer {
  let name = "chance"
  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  func scores(at positions: ArraySlice<SessionPosition>, of log: SessionLog) -> [Float] {
    positions.flatMap { position in
      var random = Philox(seed: seed, stream: 66 | UInt64(position.step + 1) << 32)
      return (0..<log.itemCount).map { _ in random.uniform() }
    }
  }
}
