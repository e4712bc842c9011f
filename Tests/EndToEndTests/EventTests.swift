import Foundation
import Testing

extension EndToEndTests {
  struct EventTests {
    struct Event: Decodable {
      let seq: Int
      let time: String
      let node: String
      let path: String
      let pid: Int?
      let parentPid: Int?
      let event: String
      let exitCode: Int?
      let signal: Int?
      let cause: String?
      let userTime: Double?
      let systemTime: Double?
      let maxRSS: Int?
    }

    private func events(_ text: some StringProtocol) throws -> [Event] {
      try text.split(separator: "\n").map {
        try JSONDecoder().decode(Event.self, from: Data($0.utf8))
      }
    }

    private func run(_ arguments: String...) throws -> (ended: Tool.Ended, events: [Event]) {
      let directory = try TemporaryDirectory()
      let file = directory.path + "/events"
      let ended = try Tool(["run", "--quiet", "--events", file] + arguments).end()
      return (ended, try events(try String(contentsOfFile: file, encoding: .utf8)))
    }

    @Test(arguments: startMethods)
    func everyNodeStartsAndExitsOnceAndIsNumberedWithoutGaps(method: String) throws {
      let tree = try NastyTree()
      let (ended, events) = try run("tally", tree.path, "--start-method", method)
      #expect(ended.code == 0, "\(ended.errors)")
      let nodes = Dictionary(grouping: events, by: \.path)
      #expect(nodes.count > 15)
      for (path, events) in nodes {
        #expect(events.map(\.seq) == Array(1...events.count), "\(path)")
        #expect(events.first?.event == "started")
        #expect(events.filter { ["started", "exited"].contains($0.event) }.count == 2)
        let exit = try #require(events.last)
        #expect(exit.event == "exited")
        #expect(exit.exitCode == 0)
        #expect(exit.signal == nil)
        #expect(exit.cause == "completed")
        #expect(exit.maxRSS ?? 0 > 1_000_000)
        #expect(exit.userTime ?? -1 >= 0)
        #expect(exit.systemTime ?? -1 >= 0)
        #expect(exit.pid != nil)
        #expect(exit.parentPid != nil)
        for event in events { #expect(try /\d{4}-.*T.*\.\d{6}Z/.wholeMatch(in: event.time) != nil) }
      }
    }

    @Test func endsAreToldAsTheyWere() throws {
      let (ended, events) = try run("crash")
      #expect(ended.code == 0)
      let exits = events.filter { $0.event == "exited" }
      #expect(
        exits.map(\.node) == [
          "uncaughtError", "fatalError", "outOfBounds", "badPointer", "abort", "stackOverflow",
          "killedFromOutside", "exitBehindOurBack", "exit", "noResult", "unencodableResult",
          "couldNotStart",
        ])
      #expect(exits.map(\.path) == (1...12).map { "Process-\($0)" })
      #expect(exits.map(\.cause).prefix(4) == ["failed", "crashed", "crashed", "crashed"])
      let killed = try #require(exits.first { $0.cause == "killed" })
      #expect(killed.signal == 9)
      #expect(killed.exitCode == -9)
      #expect(exits.last?.cause == "couldNotStart")
    }

    @Test func eventsMayGoToStandardOutput() throws {
      let ended = try Tool.run("run", "squares", "3", "--events", "-", "--json", "--quiet")
      #expect(ended.code == 0)
      let lines = ended.output.split(separator: "\n")
      #expect(try events(lines.filter { $0.hasPrefix("{") }.joined(separator: "\n")).count == 9)
      #expect(lines.filter { $0 == "[1,4,9]" }.count == 1)
      #expect(lines.count == 10)
    }

    @Test func aRunThatIsStoppedTellsAllItsEnds() throws {
      let (ended, events) = try run("names", "--hold", "60", "--timeout", "1")
      #expect(ended.code == 124)
      #expect(events.filter { $0.event == "started" }.count == 6)
      #expect(events.filter { $0.event == "exited" }.count == 6)
    }
  }
}
