import Foundation
import Testing

extension EndToEndTests {
  struct SquaresTests {
    @Test(arguments: startMethods)
    func squaresAreInOrder(method: String) throws {
      let text = try Tool.run("run", "squares", "7", "--start-method", method)
      #expect(text.code == 0)
      let numbers = text.lines.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
      #expect(numbers == squares(7))
      #expect(text.errors.contains("Process-7 started (pid "))
      #expect(text.errors.contains("Process-7 exited: completed, "))
      #expect(!text.errors.contains("\u{1B}"), "no colours: this is no terminal")
      let json = try Tool.run("run", "squares", "--json", "--start-method", method)
      #expect(json.code == 0)
      #expect(try json.json() as? [Int] == squares(12))
    }

    @Test(
      "Examples run as tasks of one process, too",
      arguments: [
        ["squares", "4"], ["primes", "1000"], ["ring", "--nodes", "3", "--laps", "20"],
        ["broadcast", "--subscribers", "2", "--items", "5"], ["wordcount", "/etc/passwd"],
        ["restarts"], ["supervised", "--restarts", "1"],
      ])
    func examplesShareOneProcess(arguments: [String]) throws {
      let run = try Tool(["run"] + arguments + ["--quiet", "--start-method", "inProcess"]).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(!run.output.isEmpty)
    }

    private func squares(_ count: Int) -> [Int] { (1...count).map { $0 * $0 } }

    @Test func optionsMixFreely() throws {
      let orders = [
        ["run", "--json", "squares", "--quiet", "3"], ["run", "squares", "3", "--quiet", "--json"],
        ["run", "--limit", "1", "--quiet", "squares", "--json", "--timeout", "60", "3"],
        ["run", "--timeout=60", "--json", "--quiet", "squares", "--limit=2", "--", "3"],
      ]
      for arguments in orders {
        let run = try Tool(arguments).end()
        #expect(run.code == 0, "\(arguments)")
        #expect(run.errors == "")
        #expect(try run.json() as? [Int] == [1, 4, 9])
      }
    }

    @Test func noSquaresAreNone() throws {
      #expect(try Tool.run("run", "squares", "0", "--json").output == "[]\n")
    }

    @Test func aReaderMayLeaveEarly() throws {
      let run = try Tool.run(shell: "\"$PTREE\" run squares --quiet | head -n 1")
      #expect(run.code == 0)
      #expect(run.output == "1 squared is 1\n")
      #expect(run.errors == "")
      // Nobody reads at all: the end is that of any tool in a pipeline.
      let unread = try Tool.run(
        shell: "{ \"$PTREE\" run squares --quiet; echo $? >&2; } | true")
      #expect(["0\n", "141\n"].contains(unread.errors))
    }

    @Test(arguments: startMethods, ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    func standardStreamsMayBeClosed(method: String, closed: String) throws {
      let run = try Tool.run(
        shell: "exec \"$PTREE\" run squares 3 --json --start-method \(method) \(closed)")
      #expect(run.code == 0)
      let isOutputOpen = ["<&-", "2>&-"].contains(closed)
      #expect(run.output == (isOutputOpen ? "[1,4,9]\n" : ""))
    }

    @Test func aFullDeviceIsAnError() throws {
      let run = try Tool.run(shell: "\"$PTREE\" run squares 3 --quiet > /dev/full")
      #expect(run.code == 1)
      #expect(run.errors.contains("standard output: No space left on device"))
    }
  }
}
