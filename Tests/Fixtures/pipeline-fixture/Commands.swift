import Glibc
import Pipelines
import ProcessTreeScenarios

let commandScenarios: [String: Scenario] = [
  "cat": { root, test in
    let lines = (0..<20_000).map { "line \($0) ü" } + ["", "x"]
    test.equal(try await root.run(over: lines, using: cat()), lines)
    let two = try await root.run(over: lines, using: cat(workers: 2))
    test.equal(two.sorted(), lines.sorted())
    test.equal(try await root.run(over: [], using: cat()), [])
  },
  "tr": { root, test in
    let pipeline = Pipeline(Lines())
      .then(
        Command("tr", ["a-z", "A-Z"], environment: .only(["LC_ALL": "C"])),
        input: .lines, output: .lines
      )
      .then(Tokenize(), workers: 2)
      .then(Count())
    let counts = try await root.run(over: 0..<5_000, using: pipeline)
    test.equal(Set(counts), [Word(word: "LINE", count: 5_000), Word(word: "NUMBER", count: 5_000)])
  },
  "gunzip": { root, test in
    let lines = (0..<50_000).map { "line \($0)" }
    let text = Array((lines.joined(separator: "\n") + "\n").utf8)
    let packed = try await root.run(Command("gzip", ["-c"]), input: text)
    let pieces = stride(from: 0, to: packed.count, by: 1_000).map {
      Array(packed[$0..<min($0 + 1_000, packed.count)])
    }
    let gunzip = Pipeline<[UInt8], String>(Command("gzip", ["-dc"]), input: .chunks, output: .lines)
    test.equal(try await root.run(over: pieces, using: gunzip), lines)
    // Behind workers that share the pieces they have to be put in order again.
    let behind = Pipeline(Copy(), workers: 3)
      .then(Command("gzip", ["-dc"]), input: .chunks, output: .lines, ordered: true)
      .inOrder()
    test.equal(try await root.run(over: pieces, using: behind), lines)
  },
  "frames": { root, test in
    let items = [0, 1, 100_000, 3 << 20, 0].map { [UInt8](repeating: 9, count: $0) }
    let frames = Pipeline<[UInt8], [UInt8]>(Command("cat"), input: .frames, output: .frames)
    test.equal(try await root.run(over: items, using: frames).map(\.count), items.map(\.count))
  },
  "commandThatReadsLittle": { root, test in
    let head = Pipeline(Command("head", ["-n", "3"]), input: .lines, output: .lines)
    test.equal(
      try await root.run(over: (0..<100_000).map { "\($0)" }, using: head), ["0", "1", "2"])
  },
  "commandThatFails": { root, test in
    let pipeline = Pipeline(Lines())
      .then(Command("sh", ["-c", "echo said >&2; exit 3"]), input: .lines, output: .lines)
    let failure = await test.thrown(PipelineFailure.self) {
      _ = try await root.run(over: 0..<1_000_000_000, using: pipeline)
    }
    test.equal(failure?.stage, 1)
    test.equal(failure?.stageName, "sh")
    guard failure?.code == .thrown, let error = failure?.error else { return test.expect(false) }
    test.equal(error.underlying(as: CommandFailure.self)?.lastErrorLines, ["said"])
    test.equal(root.children.count, 0)
  },
  "commandThatIsMissing": { root, test in
    let failure = await test.thrown(PipelineFailure.self) {
      let missing = Pipeline(Command("there-is-no-such"), input: .lines, output: .lines)
      _ = try await root.run(over: ["a"], using: missing)
    }
    guard failure?.code == .thrown, let error = failure?.error else { return test.expect(false) }
    test.equal(error.underlying(as: CommandError.self)?.code, .executableNotFound)
  },
  "commandThatNeverEnds": { root, test in
    var lines = 0
    let endless = Pipeline(Command("yes"), input: .lines, output: .lines)
    for try await line in root.stream(over: [String](), using: endless) {
      test.equal(line, "y")
      lines += 1
      if lines == 10_000 { break }
    }
    await gone(root, test)
  },
]

private func cat(workers: Int = 1) -> Pipeline<String, String> {
  Pipeline(Command("cat"), input: .lines, output: .lines, workers: workers)
}

struct Lines: Transform {
  func callAsFunction(_ number: Int) -> String { "line number" }
}
