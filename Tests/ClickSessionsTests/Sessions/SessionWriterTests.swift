import ClickSessions
import DRRData
import DRRTestSupport
import Foundation
import Testing

@Suite("Session writers")
struct SessionWriterTests {
  let temporary = TemporaryFolder()

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func threeFiles() throws {
    let log = try SessionSource.load(try temporary.folder("a", SessionFixtures.threeFiles))
    try log.write(to: "\(temporary.path)/b", format: .threeFiles)
    for (name, expected) in SessionFixtures.threeFiles {
      #expect(try text("\(temporary.path)/b/\(name)") == expected)
    }
    try log.write(to: "\(temporary.path)/c.txt", format: .semicolon)
    #expect(
      try text("\(temporary.path)/c.txt")
        == "1;0;3;;0\n1;0;1;0,1;1\n1;0;0;0,2;0\n2;0;2;;0\n3;0;0;;0\n3;0;3;1,3;0.5\n")
    #expect(try SessionSource.load("\(temporary.path)/c.txt").clicks == log.clicks)
    #expect(temporary.names == ["a", "b", "c.txt"])
  }

  @Test func semicolon() throws {
    let folder = try temporary.folder("a", ["output.txt": SessionFixtures.semicolon])
    let log = try SessionSource.load(folder)
    try log.write(to: "\(folder)/copy.txt", format: .semicolon)
    #expect(try text("\(folder)/copy.txt") == SessionFixtures.semicolon)
    try log.write(to: "\(temporary.path)/b", format: .threeFiles)
    #expect(try text("\(temporary.path)/b/gen_action.txt") == "0,0 1,3 2,0\n0,0\n0,0 3,1\n")
    let back = try SessionSource.load("\(temporary.path)/b")
    #expect(back.clicks == log.clicks && back.rewards == log.rewards && back.ended == log.ended)
  }

  @Test func refusals() throws {
    let folder = try temporary.folder("a", ["test_sessions.txt": "1 2\n"])
    let log = try SessionSource.load(folder)
    let path = "\(temporary.path)/x"
    let needed = "session 1 has a step without a list, which the layout needs"
    for format in SessionLog.OutputFormat.allCases {
      #expect(throws: DataError.cannotWrite(path: path, reason: needed)) {
        try log.write(to: path, format: format)
      }
    }
    let sim = try SessionSource.load(try temporary.folder("sim", SessionFixtures.threeFiles))
    #expect(throws: DataError.self) {
      try sim.write(to: "\(temporary.path)/no/where/x.txt", format: .semicolon)
    }
    #expect(temporary.names == ["a", "sim"])
  }
}
