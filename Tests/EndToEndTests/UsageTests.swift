import Foundation
import Testing

extension EndToEndTests {
  struct UsageTests {
    @Test func examplesAreListed() throws {
      let list = try Tool.run("list")
      #expect(list.code == 0)
      let names = list.lines.map { String($0.prefix { $0 != " " }) }
      #expect(
        names == [
          "squares", "tally", "crash", "names", "tree", "ring", "broadcast", "primes",
          "mapreduce", "wordcount", "lines", "restarts", "supervised",
        ])
      let entries = try Tool.run("list", "--json").json() as? [[String: String]]
      #expect(entries?.compactMap { $0["name"] } == names)
      #expect(entries?.compactMap { $0["summary"] }.filter { $0.count > 20 }.count == names.count)
    }

    @Test(arguments: [
      [], ["run"], ["run", "circles"], ["frobnicate"], ["list", "extra"], ["run", "tally"],
      ["run", "squares", "x"], ["run", "squares", "-1"], ["run", "squares", "1", "2"],
      ["run", "squares", "--limit", "0"], ["run", "squares", "--limit", "many"],
      ["run", "squares", "--limit"], ["run", "squares", "--timeout", "0"],
      ["run", "squares", "--timeout", "soon"], ["run", "squares", "--timeout", "nan"],
      ["run", "squares", "--start-method", "magic"],
      ["run", "squares", "--events", "/nowhere/events"], ["run", "squares", "--events", "/tmp"],
      ["run", "tally", ".", "--depth", "-1"], ["run", "--nonsense", "squares"],
      ["run", "tree"], ["run", "tree", "0"], ["run", "tree", "3x"], ["run", "tree", "1^501"],
      ["run", "tree", "9x9x9x9x9"], ["run", "ring", "--nodes", "0"],
      ["run", "ring", "--laps", "0"],
      ["run", "broadcast", "--subscribers", "0"], ["run", "broadcast", "--items", "-1"],
      ["run", "primes"], ["run", "primes", "-1"], ["run", "primes", "1e6"],
      ["run", "primes", "10", "--workers", "0"], ["run", "mapreduce", "--seconds", "-1"],
      ["run", "mapreduce", "--kills-per-second", "-1"],
      ["run", "mapreduce", "--items", "1", "--seconds", "1"], ["run", "wordcount"],
      ["run", "wordcount", ".", "--counters", "0"], ["run", "wordcount", ".", "--top", "-1"],
      ["run", "lines"], ["run", "supervised", "--restarts", "-1"],
    ])
    func badUsageIsRefused(arguments: [String]) throws {
      let run = try Tool(arguments).end()
      #expect(run.code == 2)
      #expect(run.output == "")
      #expect(run.errors != "")
      #expect(!run.errors.contains("started"))
    }

    @Test(arguments: [
      (["squares", "--limit", "-1"], "The limit is at least 1."),
      (["squares", "-1"], "-1 is below 0"),
      (["ring", "--laps", "-2"], "The token makes 1 to"),
      (["primes", "9", "--workers", "-3"], "The number of workers is 1 to 500."),
      (["names", "--timeout", "-1"], "'-1' is invalid"),
    ])
    func aNumberBelowZeroIsNoUnknownOption(arguments: [String], words: String) throws {
      let run = try Tool(["run"] + arguments).end()
      #expect(run.code == 2)
      #expect(run.errors.hasPrefix("ptree: ") && run.errors.contains(words), "\(run.errors)")
    }

    @Test func helpShowsAnExamplesOwnOptionsFirst() throws {
      let help = try Tool.run("run", "primes", "--help").output
      let options = help.matches(of: /\n  (--[a-z-]+)/).map { $0.1 }
      #expect(options.prefix(2) == ["--workers", "--json"])
      #expect(help.contains("<number> ") && help.contains("--limit <limit>"))
    }

    @Test func oneThingIsNotSeveral() throws {
      let ring = try Tool.run("run", "ring", "--nodes", "1", "--laps", "1", "--quiet")
      #expect(ring.output.hasPrefix("1 hop: 1 lap round 1 node\n"))
      let words = try Tool.run(shell: "echo one | \"$PTREE\" run wordcount - --quiet")
      #expect(
        words.output == "count  word\n    1  one\n1 word, 1 distinct, in 1 file; 0 unreadable\n")
    }

    @Test func helpAndVersionAreNoErrors() throws {
      for arguments in [["--help"], ["run", "--help"], ["help", "run"], ["list", "-h"]] {
        let run = try Tool(arguments).end()
        #expect(run.code == 0)
        #expect(run.output.contains("USAGE: ptree"))
      }
      let version = try Tool.run("--version")
      #expect(version.code == 0)
      #expect(version.output.split(separator: ".").count == 3)
    }

    @Test func theDefinitionOfAWordIsPartOfTheHelp() throws {
      let run = try Tool.run("run", "wordcount", "--help")
      #expect(run.code == 0)
      #expect(run.output.contains("A word is a maximal run of ASCII letters"))
    }

    @Test func helpOfAnExampleShowsBothKindsOfArguments() throws {
      let run = try Tool.run("run", "tally", "--help")
      #expect(run.code == 0)
      for text in ["<directory>", "--depth", "--events", "--timeout", "--start-method", "--limit"] {
        #expect(run.output.contains(text))
      }
    }

    @Test func aTemporaryDirectoryThatCannotBeUsedIsSaid() throws {
      let run = try Tool.run(
        "run", "squares", "1", "--quiet", environment: ["TMPDIR": "/proc/nowhere"])
      #expect(run.code == 1)
      #expect(run.output == "")
      #expect(run.errors.contains("Set TMPDIR to a directory that can be written to"))
    }
  }
}
