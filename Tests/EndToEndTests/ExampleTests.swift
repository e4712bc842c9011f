import Foundation
import Testing

extension EndToEndTests {
  struct ExampleTests {
    @Test(arguments: startMethods)
    func crashesAreExplained(method: String) throws {
      let run = try Tool.run("run", "crash", "--json", "--start-method", method)
      #expect(run.code == 0)
      let ends = try #require(try run.json() as? [[String: Any]])
      #expect(ends.count == 12)
      for end in ends { #expect(end["isAsExpected"] as? Bool == true, "\(end)") }
      let table = try Tool.run("run", "crash", "--quiet")
      #expect(table.code == 0)
      #expect(table.lines.count == 13)
      #expect(!table.output.contains("NOT EXPECTED"))
    }

    @Test(arguments: startMethods)
    func supervisorsDoWhatTheyPromise(method: String) throws {
      let restarts = try Tool.run("run", "restarts", "--quiet", "--start-method", method)
      #expect(restarts.code == 0, "\(restarts.output)\(restarts.errors)")
      #expect(restarts.lines.count { $0.hasSuffix("is started again") } == 3)
      let run = try Tool.run(
        "run", "supervised", "--restarts", "1", "--json", "--start-method", method)
      #expect(run.code == 0, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Any])
      let lives = try #require(report["lives"] as? [String: Int])
      #expect(lives == ["archive": 1, "shop": 2, "counter": 2, "printer": 4])
      let chain = try #require(report["chain"] as? String)
      #expect(chain.contains("; shop gave up 2 times in "))
      #expect(run.errors.contains("printer was restarted: life 2"))
    }

    /// No end of a process is reported where none of them starts.
    @Test(arguments: startMethods)
    func supervisorsGiveUpWhereNobodyCanStart(method: String) throws {
      let run = try Tool.run(
        "run", "supervised", "--restarts", "1", "--json", "--start-method", method,
        environment: ["TMPDIR": "/proc/nowhere"])
      // Its own invariants do not hold.
      #expect(run.code == 1, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Any])
      #expect(report["lives"] as? [String: Int] == ["archive": 2, "shop": 1])
      let chain = try #require(report["chain"] as? String)
      #expect(chain.contains("could not start: /proc/nowhere"), "\(chain)")
    }

    @Test(arguments: startMethods)
    func namesAreThoseOfTheOperatingSystem(method: String) throws {
      let run = try Tool.run("run", "names", "--json", "--quiet", "--start-method", method)
      #expect(run.code == 0, "\(run.errors)")
      let root = try #require(try run.json() as? [String: Any])
      var names: [String] = []
      try check(root, names: &names)
      #expect(
        names == [
          "MainProcess", "Process-1", "Process-1:1", "Process-1:2", "Process-2", "Process-2:1",
          "Process-2:2",
        ])
    }

    private func check(_ node: [String: Any], names: inout [String]) throws {
      names.append(try #require(node["name"] as? String))
      for child in try #require(node["children"] as? [[String: Any]]) {
        #expect(child["parentPid"] as? Int == node["pid"] as? Int)
        try check(child, names: &names)
      }
    }

    @Test func nodesWriteToStandardErrorWhenTheResultIsADocument() throws {
      let run = try Tool.run("run", "crash", "--json")
      #expect(
        run.errors.contains(
          "uncaughtError | uncaughtError: uncaught ProcessTreeExamples.OutOfPaper"))
      #expect(run.lines.count == 1)
    }
  }
}
