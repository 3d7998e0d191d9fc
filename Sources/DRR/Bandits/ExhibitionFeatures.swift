import DRRCore
import Tensor

/// What personalisation in an exhibition is a function of: pa = f(u, x_pa, cr, cx, env), the user,
/// the personaliser, the crowd, the context and the environment.
public enum PersonalisationPart: String, Codable, Hashable, Sendable, CaseIterable {
  case user, personaliser, crowd, context, environment
}

/// The features of each exhibit for a visitor now, by name and part.
public enum ExhibitionFeature: String, Codable, Sendable, CaseIterable {
  // The user: what they told the guide, how tired they are.
  case declaredMatch, tirednessByDuration, tirednessByDistance
  // The personaliser: what the guide has seen of this visit, and of this exhibit in all visits.
  case likedThemes, repeatedThemes, exhibitRecord
  // The crowd: who stands there now, and who tends to.
  case occupancy, overcrowding, overcrowdingBySensitivity, roomOccupancy, popularity
  // The context: with whom, and when.
  case childrenByHandsOn, closingByDuration, rushByPopularity
  // The environment: the area and its rooms.
  case distance, duration, handsOn, loudness

  public var part: PersonalisationPart {
    switch self {
    case .declaredMatch, .tirednessByDuration, .tirednessByDistance: .user
    case .likedThemes, .repeatedThemes, .exhibitRecord: .personaliser
    case .occupancy, .overcrowding, .overcrowdingBySensitivity, .roomOccupancy, .popularity: .crowd
    case .childrenByHandsOn, .closingByDuration, .rushByPopularity: .context
    case .distance, .duration, .handsOn, .loudness: .environment
    }
  }
}

/// What a guide goes by.
enum GuideView: Codable, Equatable, Sendable {
  /// The features of these parts, behind a 1.
  case parts([PersonalisationPart])
  /// One number an exhibit: minus the metres to it, its popularity, or what it truly is expected to
  /// be worth, which no guide knows.
  case nearness, popularity, truth
  /// Nothing but which exhibits there are.
  case none

  var width: Int {
    switch self {
    case .parts(let parts):
      1 + ExhibitionFeature.allCases.count { parts.contains($0.part) }
    case .nearness, .popularity, .truth: 1
    case .none: 0
    }
  }
}

extension ExhibitionState {
  /// In the order of the features.
  func features(_ exhibit: Int) -> [Double] {
    let there = plan.exhibits[exhibit]
    let occupancy = Double(crowd.counts[exhibit]) / there.capacity
    let over = max(0, occupancy - 1)
    let tiredness = 1 - visitor.energy
    let distance = plan.distance(visitor.place, exhibit) / 30
    let duration = there.duration / 7
    var (liked, repeated) = (0.0, 0.0)
    for (seen, reward) in zip(visitor.seen, visitor.rewards) {
      let overlap = dot(plan.exhibits[seen].themes, there.themes)
      liked += overlap * (reward - 0.5)
      repeated += overlap
    }
    let visited = Double(max(visitor.seen.count, 1))
    let roomPeople = plan.exhibits.indices.reduce(0) {
      plan.exhibits[$1].room == there.room ? $0 + crowd.counts[$1] : $0
    }
    let record = records[exhibit]
    let popularity = popularity(exhibit)
    return [
      3 * dot(visitor.declared, there.themes) - 0.6, tiredness * duration, tiredness * distance,
      liked / visited, repeated / visited, (record.sum - 0.5 * record.count) / (record.count + 5),
      min(occupancy, 3) / 3, min(over, 2) / 2, min(over, 2) / 2 * visitor.sensitivity,
      Double(roomPeople) / 40, popularity,
      visitor.isWithChildren && there.isHandsOn ? 1 : 0, closing * duration,
      ExhibitionCrowd.attendance(visitor.hour) * popularity,
      distance, duration, there.isHandsOn ? 1 : 0, plan.loudness[there.room],
    ]
  }

  /// How near the closing hour is, from 0 to 1 in the last fifth of the day.
  var closing: Double { max(0, (visitor.hour - 0.8) / 0.2) }

  /// The share of the crowd that was found before this exhibit so far, in units of an even share.
  func popularity(_ exhibit: Int) -> Double {
    let even = crowdSeen / Double(plan.exhibits.count)
    return even > 0 ? min(crowdRecord[exhibit] / even, 4) / 4 : 0.25
  }

  /// What a guide is shown.
  func round(_ view: GuideView) -> BanditRound {
    BanditRound(
      available: plan.exhibits.indices.filter { !visitor.seen.contains($0) },
      features: plan.exhibits.indices.flatMap { features(of: $0, view) })
  }

  /// [width].
  private func features(of exhibit: Int, _ view: GuideView) -> [Double] {
    switch view {
    case .none: return []
    case .nearness: return [-plan.distance(visitor.place, exhibit)]
    case .popularity: return [popularity(exhibit)]
    case .truth: return [satisfaction(exhibit)]
    case .parts(let parts):
      var shown = [1.0]
      for (feature, value) in zip(ExhibitionFeature.allCases, features(exhibit))
      where parts.contains(feature.part) {
        shown.append(value)
      }
      return shown
    }
  }
}
