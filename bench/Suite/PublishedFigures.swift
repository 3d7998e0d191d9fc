/// Figures of DRR as others published them, at the cutoffs 5, 10, 15 and 20.
struct PublishedFigures {
  var name: String
  var values: [Double]
  /// After the point, as they were printed.
  var digits = 3
  var source: String

  static let cutoffs = [5, 10, 15, 20]

  static let offline = [
    PublishedFigures(
      name: "DRR trained, the slides", values: [0.775, 0.752, 0.733, 0.728], source: slides),
    PublishedFigures(
      name: "DRR untrained, the slides", values: [0.672, 0.665, 0.655, 0.649], source: slides),
    PublishedFigures(
      name: "random actions, the slides' code", values: [0.732, 0.719, 0.704, 0.681],
      source: log),
    PublishedFigures(
      name: "DRR, quoted by the slides as the paper's", values: [0.7693, 0.6594], digits: 4,
      source: slides),
  ]

  static let online = [
    PublishedFigures(
      name: "DRR trained, the slides", values: [0.662, 0.629, 0.594, 0.581], source: slides),
    PublishedFigures(
      name: "DRR untrained, the slides", values: [0.323, 0.381, 0.392, 0.397], source: slides),
    PublishedFigures(
      name: "random actions, the slides' code", values: [0.553, 0.510, 0.485, 0.464],
      source: log),
  ]

  private static let slides = "`RL_slides.pdf`"
  private static let log = "`slurm-767957.out`"

  /// Whose they are, and of what.
  static let note = """
    The published figures are those of the slides in \
    [eruoppolo/ReinforcemenLearning_UNITS24](https://github.com/eruoppolo/ReinforcemenLearning_UNITS24) \
    (`RL_slides.pdf`) and of a log beside them (`slurm-767957.out`: purely random action vectors, \
    which the slides do not show). They were measured on other data: *The Movies Dataset*, users \
    with 50 ratings or more and films with 100 or more (103,839 users, 9,976 films, 22.4 million \
    ratings), 200,000 training steps. What the slides quote as the paper's is of a data set that \
    they do not name; the paper's own tables were not seen. So the figures are to be compared in \
    their order and their distances, not one by one.
    """
}
