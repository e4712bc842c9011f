import Foundation
import ScenarioRuns
import Testing

extension ProcessTrees {
  @Suite struct OutputTests {
    @Test(arguments: startMethods)
    func linesOfChildrenComeOutOfTheRootAsTheyAre(method: String) async throws {
      let outcome = try await Fixture.run("output", method)
      #expect(outcome.output == "a line of output\n")
      #expect(outcome.errors.contains("a line of error\n"))
      #expect(outcome.errors.contains("and half a line\n"))
    }

    @Test(arguments: startMethods)
    func linesFromFarBelowCanCarryTheirNodesName(method: String) async throws {
      let outcome = try await Fixture.run("prefixedOutput", method)
      let expected = (0..<3).map {
        "Process-1:1:1 | line \($0) of much output from far below\n"
      }
      #expect(outcome.output == expected.joined())
    }

    @Test(arguments: startMethods)
    func muchOutputLosesNothing(method: String) async throws {
      let outcome = try await Fixture.run("muchOutput", method)
      let expected = (0..<50_000).map { "line \($0) of much output from far below\n" }
      #expect(outcome.output == expected.joined())
    }

    @Test(arguments: startMethods)
    func logRecordsReachTheRootWithTheNodesName(method: String) async throws {
      let outcome = try await Fixture.run("logging", method)
      let lines = outcome.errors.split(separator: "\n")
      let warning = try #require(lines.first { $0.contains("a warning") })
      #expect(warning.contains("node.name=Process-1"))
      #expect(warning.contains("key=value"))
      #expect(lines.contains { $0.contains("some information") })
    }
  }
}
