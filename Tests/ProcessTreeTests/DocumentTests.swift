import Foundation
import ProcessTreeScenarioRuns
import Testing

extension ProcessTrees {
  /// The code of the documents does what its comments promise.
  @Suite struct DocumentTests {
    private func run(_ lesson: String, _ method: String = "forkServer") async throws
      -> ScenarioOutcome
    {
      let program = try Fixture.executable.deletingLastPathComponent()
        .appending(path: "docs-examples")
      return try await Fixture.run(lesson, method, executable: program)
    }

    @Test(arguments: [
      ("messages", "2\n4\n6\n"), ("service", "tree 1\nleaf 1\ntree 2\n"),
      ("addresses", "/shop/till, life 2: 5\n/shop/till, life 2: 7\n/shop/till, life 2: 9\n"),
      ("errors", "7\n12 Process-2\ncrashed with SIGABRT -6\n"),
      ("topics", "1871.5\n"), ("selection", "42\ncompleted\n"),
      ("commands", "exited 3\nfound\n warned\n\n3 [\"warned\"]\n"), ("manyCommands", "0 2\n"),
      ("hosts", "Process-1 c: 27\n4\n"),
    ])
    func doesWhatItsCommentsSay(lesson: String, output: String) async throws {
      let outcome = try await run(lesson)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output == output)
    }

    @Test func eventsAreLines() async throws {
      let outcome = try await run("events")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(outcome.status == 0 && lines.count >= 6, "\(lines)")
      #expect(lines.first?.hasPrefix("counter started (pid ") == true)
      #expect(lines.contains("counter is ready"))
      #expect(lines.contains("counter reported: counting, 3 of 3"))
      #expect(lines.contains { $0.hasPrefix("counter exited: completed, ") })
      #expect(lines.last?.hasPrefix("completed ") == true)
    }

    @Test func aMonitorSeesTheLives() async throws {
      let outcome = try await run("monitors")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.filter { !$0.hasPrefix("down 1 ") } == ["42", "8", "up 1", "up 2"])
    }

    @Test func aChildThatTakesTooLongIsStopped() async throws {
      let outcome = try await run("deadlines")
      #expect(outcome.status == 0)
      #expect(outcome.output.hasPrefix("Process-1 (pid "))
      #expect(outcome.output.hasSuffix(") stopped by MainProcess: it took too long\n"))
    }

    @Test func aRootThatWaitsSaysForWhom() async throws {
      let outcome = try await run("waits")
      #expect(outcome.status == 0)
      #expect(
        outcome.errors.hasPrefix(
          "MainProcess: the program has returned and waits for Process-1 (pid "),
        "\(outcome.errors)")
    }

    @Test func aTakeOverThatComesTooLateSaysWhatToDo() async throws {
      let program = try Fixture.executable.deletingLastPathComponent()
        .appending(path: "late-takeover")
      let outcome = try await Fixture.run("late", executable: program)
      #expect(outcome.status == 1)
      #expect(outcome.output == "before\n")
      #expect(outcome.errors.hasPrefix("process-tree: takeOver() comes too late: "))
      #expect(outcome.errors.contains("first statement") && outcome.errors.contains("withTestTree"))
    }

    @Test func argumentsAreParsedInTheRoot() async throws {
      let help = try await run("--help")
      #expect(help.status == 0 && help.output.contains("USAGE: tour <lesson>"))
      let wrong = try await run("nonsense")
      #expect(wrong.status == 64 && wrong.output.contains("nonsense"))
    }
  }
}
