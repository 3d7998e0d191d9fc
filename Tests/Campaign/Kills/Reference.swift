import Foundation
import TestSupport

/// What a folder holds.
struct Tree {
  var files: [String: Data] = [:]
  /// Names of files and folders that have none of their own yet.
  var temporaries: [String] = []

  init(_ folder: String) {
    let all = FileManager.default.enumerator(atPath: folder)
    while let name = all?.nextObject() as? String {
      let last = name.split(separator: "/").last ?? ""
      if last.hasPrefix(".drr-") && last.hasSuffix(".tmp") { temporaries.append(name) }
      if name.contains(".drr-") { continue }
      if let data = FileManager.default.contents(atPath: "\(folder)/\(name)") { files[name] = data }
    }
  }

  /// Whether a write is under way.
  static func isWriting(_ folder: String) -> Bool {
    let all = FileManager.default.enumerator(atPath: folder)
    while let name = all?.nextObject() as? String { if name.contains(".drr-") { return true } }
    return false
  }
}

/// What undisturbed runs of a kind leave, and what of it is no two times the same: seconds.
final class Reference: @unchecked Sendable {
  let kind: RunKind
  /// A folder with what has to be there.
  let base: TemporaryFolder
  let first: Tree
  let result: Tree
  /// Of the longer of two runs.
  let seconds: Double
  private let varying: Set<String>

  init(_ kind: RunKind, _ program: String) throws {
    self.kind = kind
    base = TemporaryFolder()
    for (name, text) in kind.files { try base.write(name, text) }
    for words in kind.before { try Self.done([program] + words, in: base.path, threads: 2) }
    first = Tree(base.path)
    var trees: [Tree] = []
    var longest = 0.0
    for threads in [1, 2] {
      let folder = try Self.copy(of: base)
      longest = max(
        longest,
        try Self.done(
          kind.words(program), in: folder.path, threads: threads, kind.environment(in: folder.path))
      )
      trees.append(Tree(folder.path))
    }
    (result, seconds) = (trees[0], longest)
    let (one, other) = (Self.leaves(trees[0]), Self.leaves(trees[1]))
    varying = Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }
    let odd = varying.filter { !$0.contains(".json") }
    guard odd.isEmpty else {
      throw Absent(description: "\(kind.name): two runs leave unlike \(odd.sorted())")
    }
  }

  func copy() throws -> TemporaryFolder { try Self.copy(of: base) }

  private static func copy(of base: TemporaryFolder) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    try FileManager.default.removeItem(atPath: folder.path)
    try FileManager.default.copyItem(atPath: base.path, toPath: folder.path)
    return folder
  }

  @discardableResult
  private static func done(
    _ words: [String], in folder: String, threads: Int, _ environment: [String: String] = [:]
  ) throws -> Double {
    let ending = try Subject.run(
      words, in: folder,
      environment: environment.merging(["OPENBLAS_NUM_THREADS": "\(threads)"]) { $1 },
      limits: .init(seconds: 120))
    guard ending.cause == .code(0) else {
      throw Absent(description: "\(words.shell): \(ending)")
    }
    return ending.seconds
  }

  /// How a folder differs from the one that an undisturbed run leaves; nil where it does not.
  func difference(_ tree: Tree) -> String? { difference(tree, result) }

  func difference(_ tree: Tree, _ expected: Tree) -> String? {
    if tree.files == expected.files { return nil }
    let (one, other) = (Self.leaves(tree), Self.leaves(expected))
    let odd = Set(one.keys).union(other.keys)
      .filter { !varying.contains($0) && one[$0] != other[$0] }.sorted()
    return odd.first.map { "\($0) differs" + (odd.count > 1 ? ", and \(odd.count - 1) more" : "") }
  }

  /// How a folder holds neither what was there before nor what an undisturbed run leaves; nil where
  /// each file, or where they belong together all of them, is one of the two.
  func tear(_ tree: Tree) -> String? {
    guard let new = difference(tree) else { return nil }
    if kind.folder != nil { return difference(tree, first).map { "\($0) from the old, \(new)" } }
    for name in Set(tree.files.keys).union(result.files.keys) {
      func only(_ tree: Tree) -> Tree {
        var one = tree
        one.files = tree.files.filter { $0.key == name }
        return one
      }
      if difference(only(tree), only(first)) != nil, let odd = difference(only(tree), only(result))
      {
        return odd
      }
    }
    return nil
  }

  /// The values of JSON by file and path, and other files whole.
  private static func leaves(_ tree: Tree) -> [String: Data] {
    var leaves: [String: Data] = [:]
    func add(_ value: Any, _ path: String) {
      switch value {
      case let object as [String: Any]: for (key, value) in object { add(value, "\(path).\(key)") }
      case let list as [Any]:
        for (index, value) in list.enumerated() { add(value, "\(path)[\(index)]") }
      default: leaves[path] = Data("\(value)".utf8)
      }
    }
    for (name, data) in tree.files {
      let texts =
        name.hasSuffix(".jsonl")
        ? data.split(separator: 10) : name.hasSuffix(".json") ? [data[...]] : []
      let values = texts.map {
        try? JSONSerialization.jsonObject(with: Data($0), options: .fragmentsAllowed)
      }
      if values.isEmpty || values.contains(where: { $0 == nil }) {
        leaves[name] = data
      } else {
        for (line, value) in values.enumerated() { add(value!, "\(name):\(line)") }
      }
    }
    return leaves
  }
}
