import Testing

@testable import PtreeCommands

/// Lines of progress as values: reports and times in, texts out.
struct ProgressBoardTests {
  private var board = ProgressBoard()

  private mutating func report(
    _ completed: Int, of total: Int? = nil, as message: String = "count: done",
    by node: String = "Process-1", at seconds: Double
  ) {
    board.take(
      message, completed: completed, total: total, from: node, at: node, .seconds(seconds))
  }

  private func lines(at seconds: Double, width: Int = 200) -> [String] {
    board.lines(at: .seconds(seconds), width: width)
  }

  @Test mutating func aStageHasItsRateAndTheTimeThatIsLeft() {
    report(0, of: 1_000, at: 0)
    #expect(lines(at: 0) == ["count: 0 of 1000 done (0 %)"])
    report(100, of: 1_000, at: 1)
    #expect(lines(at: 1) == ["count: 100 of 1000 done (10 %), 100/s, 9 s left"])
    report(1_000, of: 1_000, at: 4)
    #expect(lines(at: 4) == ["count: 1000 of 1000 done (100 %), 250/s"])
  }

  @Test mutating func withoutATotalThereIsNoEnd() {
    report(0, at: 0)
    report(50, at: 2)
    #expect(lines(at: 2) == ["count: 50 done, 25/s"])
    // A number below the work that is done is no total.
    report(60, of: 10, at: 3)
    #expect(lines(at: 3) == ["count: 60 done, 20/s"])
  }

  @Test mutating func theRateIsThatOfTheLastSeconds() {
    for second in 0...20 { report(second * 10, at: Double(second)) }
    for tenth in 1...100 { report(200 + tenth * 100, at: 20 + Double(tenth) / 10) }
    #expect(lines(at: 30) == ["count: 10200 done, 1000/s"])
    // It falls while nothing comes.
    #expect(lines(at: 40) == ["count: 10200 done, 0/s"])
  }

  @Test mutating func nodesOfAStageAreAddedUp() {
    report(3, as: "Tokenize: 3 items", by: "Tokenize-1", at: 0)
    report(4, as: "Tokenize: 4 items", by: "Tokenize-2", at: 0)
    report(9, of: 10, as: "read: bytes", by: "MainProcess", at: 0)
    report(5, as: "Tokenize: 5 items", by: "Tokenize-1", at: 0)
    #expect(lines(at: 0) == ["Tokenize: 9 items, 2 nodes", "read: 9 of 10 bytes (90 %)"])
  }

  @Test mutating func whatADeadNodeDidStaysCounted() {
    report(30, of: 100, by: "Process-1", at: 0)
    #expect(lines(at: 0) == ["count: 30 of 100 done (30 %)"])
    board.end(path: "Process-1")
    #expect(lines(at: 0) == ["count: 30 of 30 done (100 %), ended"])
    // What it has not done another node will count.
    report(5, of: 70, by: "Process-3", at: 0)
    #expect(lines(at: 0) == ["count: 35 of 100 done (35 %)"])
    board.end(path: "nowhere")
    #expect(lines(at: 0) == ["count: 35 of 100 done (35 %)"])
  }

  @Test mutating func aTotalThatGrowsIsNoWhole() {
    report(79, of: 100, as: "tally: directories begun", by: "a", at: 0)
    report(1, of: 250, as: "tally: directories begun", by: "b", at: 1)
    #expect(lines(at: 1) == ["tally: 80 of 350 directories begun so far, 1/s, 2 nodes"])
    // It may end there or not: nobody knows.
    report(249, of: 250, as: "tally: directories begun", by: "b", at: 90)
    #expect(lines(at: 90) == ["tally: 328 of 350 directories begun so far, 3/s, 2 nodes"])
  }

  @Test mutating func aStageThatHasNothingYetSaysSo() {
    report(0, as: "MergeWords: 0 items taken, 0 made", by: "MergeWords-1", at: 0)
    #expect(lines(at: 20) == ["MergeWords: no items taken so far, 0 made"])
  }

  @Test mutating func theWordsOfOneNodeFillTheLine() {
    report(3, of: 8, as: "pool: 3 of 8 done, 2 running, 2 workers", by: "MainProcess", at: 0)
    #expect(lines(at: 0) == ["pool: 3 of 8 done (37 %), 2 running, 2 workers"])
    report(4, as: "left: 4", by: "MainProcess", at: 0)
    report(5, as: "half way, nearly", by: "MainProcess", at: 0)
    report(6, as: "6 files", by: "Leaf-2", at: 0)
    report(7, as: "begin: a very long description of the work", by: "MainProcess", at: 0)
    #expect(
      lines(at: 0).dropFirst() == ["left: 4", "MainProcess: 5", "Leaf: 6 files", "begin: 7"])
  }

  @Test(arguments: [
    ("pool: 3 of 4 done", "MainProcess", "pool"), ("began /usr: local", "Process-1:2", "Process"),
    ("12 files", "Tokenize-3", "Tokenize"), ("half way", "MainProcess", "MainProcess"),
    ("pool:", "a-b", "a-b"), (": odd", "-7", "-7"), ("", "x-1:", "x"), ("a:b", "n-2", "n"),
  ])
  func aReportBelongsToAStage(message: String, node: String, stage: String) {
    #expect((ReportWords(message).stage ?? ProgressBoard.stage(of: node)) == stage)
  }

  @Test(arguments: [
    (0, "0"), (99_999, "99999"), (100_000, "100k"), (123_456, "123k"), (999_999, "999k"),
    (1_000_000, "1.0M"), (12_345_678, "12.3M"), (123_456_789, "123M"), (7_500_000_000, "7.5G"),
    (.max, "9.2E"),
  ])
  func numbersAreShort(number: Int, text: String) {
    #expect(StageProgress.short(number) == text)
  }

  @Test(arguments: [
    (0.2, "1 s"), (59, "59 s"), (59.5, "1:00"), (125, "2:05"), (3_600, "1:00:00"),
    (90_061, "25:01:01"), (.infinity, "277777:46:40"),
  ])
  func timesAreShort(seconds: Double, text: String) {
    #expect(StageProgress.time(seconds) == text)
  }

  @Test mutating func linesFitTheTerminal() {
    report(1, of: 3, as: "wide: x", at: 0)
    for width in 0...30 {
      let line = lines(at: 0, width: width)[0]
      #expect(line == String("wide: 1 of 3 x (33 %)".prefix(width)))
    }
    #expect("a\u{1B}[1mb\n".fitted(to: 10) == "a[1mb")
    #expect("日本語".fitted(to: 5) == "日本")
  }

  @Test mutating func numbersOfOthersAreNotTrusted() {
    report(.max, of: .max, by: "a-1", at: 0)
    report(.max, of: .max, by: "a-2", at: 1)
    report(-5, of: -7, by: "a-3", at: 2)
    board.end(path: "a-1")
    #expect(board.stages.first?.completed == Int.max)
    for number in 0..<100 { report(1, as: "s\(number): x", at: 3) }
    #expect(lines(at: 3).count == ProgressBoard.mostStages)
  }

  @Test mutating func whatIsCountedAnewHasANewRate() {
    report(1_000, at: 0)
    report(2_000, at: 1)
    report(0, at: 2)
    report(10, at: 4)
    #expect(lines(at: 4) == ["count: 10 done, 5/s"])
  }

  @Test mutating func linesOnPaperAreFew() {
    var pace = ProgressPace()
    report(1, as: "a: x", at: 0)
    func due(_ seconds: Double) -> [String] {
      pace.due(board.stages, at: .seconds(seconds)).map(\.name)
    }
    #expect(due(1.9) == [])
    #expect(due(2) == ["a"])
    report(2, as: "a: x", at: 3)
    report(2, as: "b: x", at: 3)
    #expect(due(3) == ["b"])
    #expect(due(6.9) == [])
    #expect(due(7) == ["a"])
    // Nothing has changed since.
    #expect(due(20) == [])
  }

  @Test func aBlockLeavesAnEmptyLineForOthers() {
    #expect(Terminal.block([]) == "\r\u{1B}[J")
    #expect(Terminal.block(["a", "b"]) == "\r\u{1B}[J\na\nb\u{1B}[2A\r")
  }
}
