import Foundation
import ProcessTreeScenarioRuns
import Testing

extension ProcessTrees {
  @Suite struct OutputTests {
    @Test(arguments: startMethods)
    func linesOfChildrenComeOutOfTheRootAsTheyAre(method: String) async throws {
      let outcome = try await Fixture.run("output", method)
      #expect(outcome.output == "a line of output\n")
      #expect(outcome.errors.contains("a line of error\n"))
      // The log may come in between, and nothing ends what the child has not ended.
      #expect(outcome.errors.contains("\nand half a line"))
      #expect(!outcome.errors.contains("and half a line\n"))
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
    func bytesOfChildrenAreChangedByNobody(method: String) async throws {
      let line = try await Fixture.run("lineWithoutEnd", method)
      #expect(line.status == 0 && line.output == String(repeating: "a", count: 200_000))
      let sum = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) }
      let files = try TemporaryDirectory()
      let copy = files.url.appending(path: "copy")
      let outcome = try await Fixture.run(
        "bytesOfAnyKind", method,
        shell: "\"$0\" \"$@\" > \(copy.path); exit $?")
      let isSame = try Data(contentsOf: copy) == Data(sum)
      #expect(outcome.status == 0 && isSame)
    }

    /// Its parent takes it for one that is ending.
    @Test(arguments: startMethods)
    func aChildThatClosesItsTieIsRead(method: String) async throws {
      #expect(try await Fixture.run("outputBehindTheEndOfATie", method).status == 0)
    }

    /// A pager, or a program that prepares something first, begins to read when it likes.
    @Test(arguments: startMethods)
    func aReaderMayBeginLate(method: String) async throws {
      let outcome = try await Fixture.run(
        "outputForALateReader", method,
        shell: "\"$0\" \"$@\" | { sleep 4; wc -l; }; exit ${PIPESTATUS[0]}")
      #expect(outcome.status == 0)
      #expect(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines) == "20000")
    }

    @Test func aSignalEndsTheWaitForAReader() async throws {
      let files = try TemporaryDirectory()
      // Open for reading, so that nobody gets an error, and never read.
      let shell = """
        mkfifo \(files.url.path)/fifo; exec 9<>\(files.url.path)/fifo
        "$0" "$@" > \(files.url.path)/fifo & pid=$!
        sleep 2; kill -TERM $pid; wait $pid; exit $?
        """
      let outcome = try await Fixture.run("outputForALateReader", shell: shell)
      #expect(outcome.shellStatus == 143)
    }

    @Test(arguments: ["outputForALateReader", "outputOfTheRootItself"])
    func outputThatCannotBeWrittenIsAnError(scenario: String) async throws {
      let outcome = try await Fixture.run(
        scenario, shell: "\"$0\" \"$@\" > /dev/full; exit $?")
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("standard output: No space left on device"))
    }

    @Test func aReaderThatHasSeenEnoughEndsTheRun() async throws {
      let outcome = try await Fixture.run(
        "muchOutput", shell: "\"$0\" \"$@\" | head -n 1; exit ${PIPESTATUS[0]}")
      #expect(outcome.status == 141)
      #expect(outcome.output == "line 0 of much output from far below\n")
      #expect(outcome.errors.contains("standard output: Broken pipe"))
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
