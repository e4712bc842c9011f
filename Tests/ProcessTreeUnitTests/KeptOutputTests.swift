import Foundation
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

/// The files in which a root keeps the output of its nodes.
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
    try KeptOutput.forEach(in: run, of: geteuid(), numbers, where: wants) { found.append($0) }
    return found
  }

  /// The newest pieces of each owner are there, in the order of all, and are no more than the
  /// bound.
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
    files.add(output(1, "/a", "x"), to: 1, keeping: 4_096)
    #expect(files.failure == ENOENT)
    files.add(output(2, "/a", "x"), to: 1, keeping: 4_096)
    #expect(try files.lastNumber == 0 && kept().isEmpty)
  }

  @Test func whatIsMissingHasANumberOfItsOwn() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    var files = KeptFiles(in: run + "/output")
    var left = LeftOutput()
    files.add(output(1, "/a", "1\n"), to: 1, keeping: 4_096)
    for number: UInt64 in [2, 4] { left.note(output(number, "/a", "12"), of: 1, keeping: 4_096) }
    left.note(output(3, "/b", "x"), of: 2, keeping: 4_096)
    let loss = left.take(of: 1)
    for piece in [try #require(loss), output(5, "/a", "5\n")] {
      files.add(piece, to: 1, keeping: 4_096)
    }
    // Also that of a node that writes nothing more.
    let rest = left.takeAll()
    #expect(rest.map(\.file) == [2])
    for loss in rest { files.add(loss.output, to: loss.file, keeping: loss.bytes) }
    #expect(files.lastNumber == 5)
    let found = try kept()
    #expect(found.map(\.number) == [1, 3, 4, 5])
    let texts = found.map { String(decoding: $0.bytes, as: UTF8.self) }
    #expect(texts[1].hasPrefix("1 bytes are missing") && texts[2].hasPrefix("4 bytes are missing"))
    #expect(texts[3] == "5\n")
  }

  @Test func allFilesTogetherHaveABound() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    var files = KeptFiles(in: run + "/output", most: 20_000)
    files.add(output(1, "/small", "here\n"), to: 1, keeping: 1 << 20)
    for number: UInt64 in 2...2_000 {
      let owner = Int(number % 40) + 2
      let text = String(repeating: "x", count: 100)
      files.add(output(number, "/\(owner)", text), to: owner, keeping: owner == 2 ? 8_000 : 1 << 20)
    }
    let folder = run + "/output"
    let sizes = try FileManager.default.contentsOfDirectory(atPath: folder).map { name in
      try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int ?? 0
    }
    let sum = sizes.reduce(0, +)
    #expect(sum <= 20_000 && sum > 10_000)
    let found = try kept()
    #expect(found.first?.address == "/small" && found.last?.number == 2_000)
  }

  @Test func aFileThatIsBecomingTheOlderOneIsRead() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    var files = KeptFiles(in: run + "/output")
    files.add(output(1, "/a", "x"), to: 1, keeping: 4_096)
    rename(run + "/output/1", run + "/output/1.old")
    #expect(try kept().map(\.number) == [1])
  }

  /// Another user's directory may hold anything.
  @Test func onlyRegularFilesOfTheUserAreRead() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    let notes = RunNotes.text(of: [.plan: "{}", .name: "a b"])
    try Data(notes).write(to: URL(fileURLWithPath: run + "/elsewhere"))
    symlink(run + "/elsewhere", run + "/lock")
    #expect(RunNotes.read(.name, in: run, of: geteuid()) == nil)
    unlink(run + "/lock")
    mkfifo(run + "/lock", 0o600)
    #expect(RunNotes.read(.name, in: run, of: geteuid()) == nil)
    unlink(run + "/lock")
    try Data(notes).write(to: URL(fileURLWithPath: run + "/lock"))
    #expect(RunNotes.read(.name, in: run, of: geteuid()) == "a b")
    #expect(RunNotes.read(.tool, in: run, of: geteuid()) == nil)
    #expect(RunNotes.read(.plan, in: run, of: geteuid()) == "{}")
    #expect(RunNotes.read(.plan, in: run, of: geteuid() + 1) == nil)
    mkdir(run + "/output", 0o700)
    mkfifo(run + "/output/1", 0o600)
    #expect(throws: (any Error).self) { try kept() }
  }

  @Test func eachNoteIsALineOfItsOwn() throws {
    defer { try? FileManager.default.removeItem(atPath: run) }
    let name = "a\ntool b" + String(repeating: "c", count: 1_000)
    let plan = String(repeating: "p", count: 100_000)
    let notes = RunNotes.text(of: [.name: name, .tool: "t 1", .plan: plan])
    try Data(notes).write(to: URL(fileURLWithPath: run + "/lock"))
    #expect(RunNotes.read(.tool, in: run, of: geteuid()) == "t 1")
    #expect(RunNotes.read(.plan, in: run, of: geteuid()) == plan)
    let read = try #require(RunNotes.read(.name, in: run, of: geteuid()))
    #expect(read.hasPrefix("a tool bccc") && read.utf8.count == 256)
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
