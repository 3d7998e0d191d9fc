internal import CCommit
import Essentials
import Platform

/// This program, as files and people are told of it.
public enum Program {
  /// The version of the program and of the library, such as 0.1.0.
  public static let version = "0.1.0"

  /// The commit that it was built at, seven digits; empty where that is unknown.
  public static let commit = String(String(cString: programCommit()).prefix(7))

  /// As `drr --version` prints it: drr 0.1.0 (abc1234).
  public static let title = "drr \(version)" + (commit.isEmpty ? "" : " (\(commit))")

  /// What changes where a result's JSON would be read otherwise.
  public static let schema = 1

  /// A result for programs: JSON that says by which program and commit it is. A list stands under
  /// `results`.
  package static func json(_ result: some Encodable) throws -> String {
    let text = try RunFolder.json(result, pretty: true)
    let isObject = text.hasPrefix("{")
    let body =
      isObject
      ? String(text.dropFirst()).trimmingStart
      : "\"results\" : " + text.replacing("\n", with: "\n  ") + "\n}"
    let head = """
      {
        "commit" : "\(commit)",
        "program" : "drr \(version)",
        "schema" : \(schema)
      """
    return body == "}" ? "\(head)\n}" : "\(head),\n  \(body)"
  }

  /// The time of day that files are marked with: SOURCE_DATE_EPOCH where the environment has it, so
  /// that the same run leaves the same bytes.
  package static var now: Date {
    let fixed = getenv("SOURCE_DATE_EPOCH").flatMap { Double(String(cString: $0)) }
    return fixed.map { Date(timeIntervalSince1970: $0) } ?? .now
  }
}

extension String {
  fileprivate var trimmingStart: String { String(drop { $0.isWhitespace }) }
}
