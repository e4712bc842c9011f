import Foundation
import Testing

extension EndToEndTests {
  struct WordCountTests {
    private func report(_ run: Tool.Ended) throws -> [String: Any] {
      #expect(run.code == 0, "\(run.errors)")
      return try #require(try run.json() as? [String: Any])
    }

    @Test(arguments: startMethods)
    func aNastyTreeIsCountedAsByCoreutils(method: String) throws {
      let tree = try NastyTree()
      let run = try Tool.run(
        "run", "wordcount", tree.path, "--all", "--json", "--start-method", method)
      let report = try report(run)
      #expect(try WordOracle(report) == WordOracle(tree.path))
      #expect(try report["files"] as? Int == Totals.byFindAndWc(tree.path).files)
      #expect(report["unreadable"] as? Int == 0, "\(run.errors)")
    }

    @Test(arguments: [(1, 1), (2, 5), (4, 2)])
    func aRealTreeIsCountedAsByCoreutils(workers: Int, counters: Int) throws {
      let run = try Tool.run(
        "run", "wordcount", "/usr/include/linux", "--all", "--json", "--quiet", "--workers",
        "\(workers)", "--counters", "\(counters)")
      #expect(run.errors == "")
      #expect(try WordOracle(report(run)) == WordOracle("/usr/include/linux"))
    }

    @Test func filesAreTextsOfTheirOwn() throws {
      let run = try Tool.run(
        shell: """
          cd $TMPDIR; printf 'Half a wo' > one; printf 'rd' > two; : > empty; printf '42' > none
          "$PTREE" run wordcount one two empty one none --all --json --quiet
          """)
      let report = try report(run)
      #expect(report["files"] as? Int == 5)
      #expect(try WordOracle(report).counts == ["half": 2, "a": 2, "wo": 2, "rd": 1])
    }

    @Test func wordsAndCutsMeetAtEveryPlace() throws {
      // Words of all lengths lie across the borders of chunks, which are 256 KiB.
      let directory = try TemporaryDirectory()
      for (index, length) in [262_143, 262_144, 262_145, 524_288].enumerated() {
        let text = String(repeating: "x", count: length) + " tail "
        let more = String(repeating: "ab cde f ", count: 60_000)
        try Data((text + more + text).utf8).write(
          to: URL(fileURLWithPath: directory.path + "/file\(index)"))
      }
      let run = try Tool.run("run", "wordcount", directory.path, "--all", "--json", "--quiet")
      #expect(try WordOracle(report(run)) == WordOracle(directory.path))
    }

    @Test func wordsAcrossTheRangesOfALargeFileAreCountedOnce() throws {
      // Ranges are of 2 MiB: a word ends before a border, at it, behind it, and lies across two.
      let border = 2 << 20
      let directory = try TemporaryDirectory()
      var paths: [String] = []
      for (index, length) in [border - 1, border, border + 1, 2 * border + 7].enumerated() {
        let text = String(repeating: "x", count: length) + " tail "
        let more = String(repeating: "ab cde f ", count: 20_000)
        paths.append(directory.path + "/file\(index)")
        try Data((text + more + text).utf8).write(to: URL(fileURLWithPath: paths[index]))
      }
      let run = try Tool(["run", "wordcount"] + paths + ["--all", "--json", "--quiet"]).end()
      let report = try report(run)
      #expect(try WordOracle(report) == WordOracle(directory.path))
      #expect(report["files"] as? Int == paths.count)
      // What leads each process to a file of its own is read by the root.
      let input = try Tool.run(
        shell: "\"$PTREE\" run wordcount /dev/stdin --all --json --quiet < \(paths[1])")
      #expect(try WordOracle(self.report(input)).counts["tail"] == 2)
    }

    @Test func aLargeFileNamedAsStandardInputIsNotIt() throws {
      let run = try Tool.run(
        shell: """
          yes 'wrong' | head -c 5000000 > ./-
          printf 'one or' | "$PTREE" run wordcount - --all --json --quiet
          """)
      #expect(try WordOracle(report(run)).counts == ["one": 1, "or": 1])
    }

    @Test(arguments: startMethods)
    func aLargeFileThatCountersDoNotFindIsToldCountedAndPassedOver(method: String) throws {
      // The path leads through a descriptor that the root inherits, and no other node.
      let run = try Tool.run(
        shell: """
          mkdir d; yes 'lost' | head -c 9000000 > d/large; yes 'kept' | head -c 5000000 > other
          echo small > small; exec 9< d
          exec "$PTREE" run wordcount /proc/self/fd/9/large other small --all --json --quiet \\
            --start-method \(method)
          """)
      let report = try report(run)
      #expect(report["files"] as? Int == 3)
      #expect(report["unreadable"] as? Int == 1)
      #expect(try WordOracle(report).counts == ["kept": 1_000_000, "small": 1])
      #expect(run.errors.hasPrefix("wordcount: /proc/self/fd/9/large: "))
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }

    @Test func theMostFrequentWordsAreListed() throws {
      let shell = """
        cd $TMPDIR; printf 'b b b a c c d d e\\n' > file
        "$PTREE" run wordcount file --top 3
        """
      for options in ["--quiet", "--quiet --json"] {
        let run = try Tool.run(shell: "\(shell) \(options)")
        #expect(run.code == 0)
        guard options.hasSuffix("json") else {
          let rows = run.lines.map { $0.split(separator: " ").joined(separator: " ") }
          #expect(
            rows == [
              "count word", "3 b", "2 c", "2 d", "9 words, 5 distinct, in 1 file; 0 unreadable",
            ])
          continue
        }
        let report = try report(run)
        #expect(report["all"] == nil)
        let top = try #require(report["top"] as? [[String: Any]])
        #expect(top.map { $0["word"] as? String } == ["b", "c", "d"])
        #expect(top.map { $0["count"] as? Int } == [3, 2, 2])
        #expect(report["words"] as? Int == 9)
        #expect(report["distinct"] as? Int == 5)
      }
    }

    @Test func aPipeIsReadToItsEnd() throws {
      let run = try Tool.run(
        shell: """
          { printf 'one tw'; sleep 0.3; printf 'o three'; } |
            "$PTREE" run wordcount /dev/stdin --all --json --quiet
          """)
      #expect(try WordOracle(report(run)).counts == ["one": 1, "two": 1, "three": 1])
    }

    @Test(arguments: ["/nowhere", ""])
    func whatIsNotThereIsBadInput(path: String) throws {
      let run = try Tool.run("run", "wordcount", "/usr/include/stdio.h", path, "--quiet")
      #expect(run.code == 2)
      #expect(run.output == "")
      #expect(run.errors == "ptree: \(path): No such file or directory\n")
    }

    @Test(.enabled(if: Nobody.canRunTheTool))
    func whatCannotBeReadIsToldCountedAndPassedOver() throws {
      let run = try Tool.run(
        shell: """
          umask 000; mkdir $TMPDIR/d $TMPDIR/d/shut; chmod 1777 $TMPDIR
          echo a b > $TMPDIR/d/open; echo c > $TMPDIR/d/closed; echo e > $TMPDIR/d/shut/f
          chmod 000 $TMPDIR/d/closed $TMPDIR/d/shut
          \(Nobody.prefix) "$PTREE" run wordcount $TMPDIR/d --json --quiet --all
          \(Nobody.prefix) "$PTREE" run wordcount $TMPDIR/d/closed --quiet && exit 9
          true
          """)
      let report = try report(run)
      #expect(report["unreadable"] as? Int == 2)
      #expect(report["files"] as? Int == 2)
      #expect(try WordOracle(report).counts == ["a": 1, "b": 1])
      for name in ["/d/closed", "/d/shut"] {
        #expect(run.errors.contains("wordcount: "))
        #expect(run.errors.contains("\(name): Permission denied\n"))
      }
      #expect(run.errors.contains("ptree: "))
    }

    @Test(arguments: startMethods)
    func aTokenizerThatIsKilledIsReplaced(method: String) throws {
      let tool = try Tool([
        "run", "wordcount", "/usr/include/linux", "--all", "--json", "--start-method", method,
        "--quiet", "--events", "events",
      ])
      let events = tool.directory.path + "/events"
      var killed: Set<Int32> = []
      _ = tool.wait {
        let lines = (try? String(contentsOfFile: events, encoding: .utf8)) ?? ""
        let started = lines.matches(of: /"node":"Tokenize-.*"pid":(\d+).*"event":"ready"/)
        // An input that a third worker dies with would be given up.
        for pid in started.compactMap({ Int32($0.1) })
        where killed.count < 2 && killed.insert(pid).inserted {
          kill(pid, SIGKILL)
        }
        return killed.count == 2 || !tool.outputSoFar.isEmpty
      }
      #expect(killed.count >= 2)
      #expect(try WordOracle(report(tool.end())) == WordOracle("/usr/include/linux"))
    }

    @Test func aFullDeviceAndAClosedOutputAreNoSuccess() throws {
      let full = try Tool.run(
        shell: "\"$PTREE\" run wordcount /usr/include/stdio.h --quiet > /dev/full")
      #expect(full.code == 1)
      #expect(full.errors == "ptree: standard output: No space left on device\n")
      let closed = try Tool.run(
        shell: """
          { "$PTREE" run wordcount /usr/include/linux --quiet --all; echo $? >&2; } | head -n 1
          """)
      #expect(closed.errors == "141\n")
      let late = try Tool.run(
        "run", "wordcount", "/usr", "--timeout", "0.5", "--quiet")
      #expect(late.code == 124)
    }
  }
}
