import Foundation
import Testing

extension EndToEndTests {
  struct LinesTests {
    @Test(arguments: startMethods)
    func linesAreThoseOfGzipAndWc(method: String) throws {
      let run = try Tool.run(
        shell: """
          seq 300000 > $TMPDIR/numbers; : > $TMPDIR/empty; printf 'no end' > $TMPDIR/unended
          head -c 2000000 /dev/urandom > $TMPDIR/random; printf '\\n\\n' > "$TMPDIR/-odd name"
          cd $TMPDIR; gzip -- numbers empty unended random "-odd name"
          cat numbers.gz unended.gz > twice.gz
          for file in ./*.gz; do echo $(gzip -dc -- "$file" | wc -lc) "$file"; done >&2
          "$PTREE" run lines ./*.gz --json --quiet --start-method \(method)
          """)
      #expect(run.code == 0, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Any])
      let files = try #require(report["files"] as? [[String: Any]])
      let lines = files.map { file in
        [file["lines"], file["bytes"], file["path"]].map { "\($0 ?? "")" }.joined(separator: " ")
      }
      #expect(lines.count == 6)
      #expect(lines == run.errors.split(separator: "\n").map { String($0) })
      #expect(report["lines"] as? Int == files.reduce(0) { $0 + ($1["lines"] as? Int ?? 0) })
      #expect(report["bytes"] as? Int == files.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) })
    }

    @Test func theTableHasARowForEachFileAndOneForAll() throws {
      let run = try Tool.run(
        shell: """
          cd $TMPDIR; seq 10 | gzip > a.gz; seq 5 | gzip > b.gz
          "$PTREE" run lines a.gz b.gz --quiet; "$PTREE" run lines a.gz --quiet
          """)
      #expect(run.code == 0)
      let rows = run.lines.map { $0.split(separator: " ").joined(separator: " ") }
      #expect(
        rows == [
          "lines bytes file", "10 21 a.gz", "5 10 b.gz", "15 31 total", "lines bytes file",
          "10 21 a.gz",
        ])
    }

    @Test(arguments: startMethods)
    func theCommandsOwnWordsTellWhatIsWrong(method: String) throws {
      let run = try Tool.run(
        shell: """
          cd $TMPDIR; seq 100000 | gzip | head -c 50000 > cut.gz; seq 10 > plain
          "$PTREE" run lines cut.gz --quiet --start-method \(method); echo $?
          "$PTREE" run lines plain --quiet --start-method \(method); echo $?
          """)
      #expect(run.output == "1\n1\n")
      for (file, words) in [
        ("cut.gz", "gzip: stdin: unexpected end of file"),
        ("plain", "gzip: stdin: not in gzip format"),
      ] {
        // The command names the reason, the tool names the file: each once.
        let told = run.errors.split(separator: "\n").filter { $0.contains("gzip: ") }
        #expect(told.filter { $0.contains(words) } == ["gzip-1 | \(words)"])
        let pattern = try Regex("ptree: \(file): gzip -dc \\(pid \\d+\\) exited 1\n")
        #expect(run.errors.matches(of: pattern).count == 1)
        #expect(!run.errors.contains("uncaught"))
      }
    }

    @Test func aMissingCommandIsSaid() throws {
      let run = try Tool.run(
        shell: "cd $TMPDIR; echo | gzip > a.gz; PATH=/nowhere \"$PTREE\" run lines a.gz --quiet")
      #expect(run.code == 1)
      #expect(run.output == "")
      #expect(run.errors.contains("gzip"))
    }

    @Test(arguments: ["/nowhere", "", "/tmp"])
    func whatIsNoFileIsBadInput(path: String) throws {
      let run = try Tool.run("run", "lines", path, "--quiet")
      #expect(run.code == 2)
      #expect(run.errors.hasPrefix("ptree: \(path): "))
    }
  }
}
