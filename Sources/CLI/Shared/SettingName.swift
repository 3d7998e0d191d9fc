/// What a setting is called that an option of another name is for: how a sentence about it begins,
/// and the option.
enum SettingName {
  /// In place of which the option stands.
  static let all: [(setting: String, option: String)] = [
    ("test share", "--test-fraction"), ("validation share", "--validation-fraction"),
    ("profile share", "--profile-fraction"), ("training share", "--train-fraction"),
    ("PMF dimension", "--dimension"), ("replay capacity", "--buffer-size"),
    ("environments", "--num-envs"), ("cloning steps", "--bc-updates"),
    ("exploration", "--epsilon"), ("exploration", "--linucb-alpha"),
    ("policies", "--policy-count"), ("simulated share", "--simulated-ratio"),
    ("validation episodes", "--eval-episodes"), ("largest gradient norm", "--max-grad-norm"),
    ("world", "--env"), ("the method", "--method"), ("replications", "--seeds"),
    ("share of the steps in which epsilon falls", "--exploration-fraction"),
    ("step size's exponent", "--step-size"), ("the first seed", "--seed"),
    ("the number of other visitors", "--crowd"),
  ]

  /// Behind which the whole sentence stands.
  static let within: [(setting: String, option: String)] = [
    ("the mean of arm", "--arms"), ("the number of arms", "--arms"),
    ("the number of places", "--places"), ("the number of rooms", "--rooms"),
    ("the number of exhibits", "--exhibits"), ("the number of items", "--items"),
    ("the number of features", "--features"), ("the number of ads", "--rates"),
    ("the number of payments", "--payments"), ("the click rate", "--rates"),
    ("the attraction of", "--attractions"), ("a probability to look", "--continuation"),
    ("a probability to look", "--examination"), ("the probabilities to look", "--examination"),
    ("there are", "--examination"), ("the noise", "--noise"), ("tables name", "--table"),
    ("a cutoff", "--cutoffs"),
  ]
}
