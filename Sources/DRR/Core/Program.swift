internal import CCommit

/// This program, as files and people are told of it.
public enum Program {
  public static let version = "0.1.0"

  /// The commit that it was built at, seven digits; empty where that is unknown.
  public static let commit = String(String(cString: builtCommit()).prefix(7))

  /// As `drr --version` prints it: drr 0.1.0 (abc1234).
  public static let title = "drr \(version)" + (commit.isEmpty ? "" : " (\(commit))")
}
