import Foundation
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

/// What is kept of the output of nodes in files.
@Suite struct KeptOutputTests {
  private let run: String

  init() throws {
    run = FileManager.default.temporaryDirectory.path + "/kept-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
  }

  private func output(_ number: UInt64, _ address: String, _ text: String) -> RunOutput {
    let chunk = OutputChunk(
      node: "n", address: address, stream: .output, bytes: Array(text.utf8))
    return RunOutput(chunk, chunk.bytes, number: number, at: 1)
  }

  private func kept(
    _ numbers: Range<UInt64> = 0..<UInt64.max, _ wants: (String) -> Bool = { _ in true }
  ) throws -> [RunOutput] {
    var found: [RunOutput] = []
    try KeptOutput.forEach(in: run, numbers, where: wants) { found.append($0) }
    return found
  }

  /// The newest pieces of each owner are there, in the order of all, and are no more than the bound.
  @Test func theNewestPiecesAreKeptInTheirOrder() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    var generator = SeededGenerator.announced("kept output")
    var files = KeptFiles(in: run + "/output")
    let bounds = [4_096, 20_000, 1 << 20]
    var written: [[RunOutput]] = [[], [], []]
    for number in 1...3_000 {
      let owner = generator.int(0...2)
      let text = String(repeating: "x", count: generator.int(0...300)) + "\n"
      let piece = output(UInt64(number), "/\(owner)", text)
      files.add(piece, to: owner + 1, keeping: bounds[owner])
      written[owner].append(piece)
    }
    #expect(files.failure == nil && files.lastNumber == 3_000)
    let found = try kept()
    #expect(found.map(\.number) == found.map(\.number).sorted())
    for owner in 0...2 {
      let own = found.filter { $0.address == "/\(owner)" }
      #expect(own == Array(written[owner].suffix(own.count)))
      let size = own.reduce(0) { $0 + $1.bytes.count }
      #expect(size <= bounds[owner] && size > min(bounds[owner] / 4, 100_000))
    }
    #expect(try kept(2_990..<2_995).map(\.number) == Array(2_990..<2_995))
    #expect(try kept(1..<4_000) { $0 == "/1" }.allSatisfy { $0.address == "/1" })
  }

  @Test func whatIsLargerThanTheBoundLosesItsBegin() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    var files = KeptFiles(in: run + "/output")
    let lines = (0..<10_000).map { "\($0)\n" }.joined()
    files.add(output(1, "/a", lines), to: 1, keeping: 4_096)
    let text = String(decoding: try #require(try kept().first).bytes, as: UTF8.self)
    #expect(lines.hasSuffix(text) && text.utf8.count > 1_500 && text.utf8.count < 2_048)
  }

  @Test func aDirectoryThatCannotBeWrittenEndsIt() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    var files = KeptFiles(in: run + "/none/output")
    #expect(files.failure == ENOENT)
    files.add(output(1, "/a", "x"), to: 1, keeping: 4_096)
    #expect(try files.lastNumber == 0 && kept().isEmpty)
  }

  @Test func aNodeSpeaksForThoseBelowIt() {
    let plan = KeptOutputPlan(
      nodes: ["/g": 1, "/g/in": 2, "/web-2": 3], templates: ["/web": 4, "/g/t": 5], others: 6)
    let owners = [
      "/g": ("/g", 1), "/g/in": ("/g/in", 2), "/g/in/Process-1": ("/g/in", 2), "/g/x": ("/g", 1),
      "/web-1": ("/web-1", 4), "/web-12/a/b": ("/web-12", 4), "/web-2": ("/web-2", 3),
      "/g/t-3": ("/g/t-3", 5), "/other": ("/", 6), "/": ("/", 6),
    ]
    for (address, owner) in owners {
      #expect(plan.owner(of: address) == (owner.0, owner.1), "\(address)")
    }
  }

  @Test func theLastLinesAreCounted() {
    func last(_ most: Int, _ texts: String...) -> String {
      var lines = LastLines(most)
      for (number, text) in texts.enumerated() { lines.add(output(UInt64(number), "/a", text)) }
      return lines.last.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
    }
    #expect(last(2, "1\n2\n", "3\n") == "2\n3\n")
    #expect(last(1, "1\n2\n", "3\n4\n") == "4\n")
    #expect(last(9, "1\n", "2\n") == "1\n2\n")
    #expect(last(0, "1\n") == "" && last(3) == "")
    #expect(last(3, "1\n2\n3\n4\n5\n") == "3\n4\n5\n")
  }
}
