import Foundation
import Testing

extension EndToEndTests {
  struct TallyTests {
    @Test(arguments: startMethods, [0, 1, 3])
    func aNastyTreeIsCountedAsByFindAndWc(method: String, depth: Int) throws {
      let tree = try NastyTree()
      let run = try Tool.run(
        "run", "--start-method", method, "tally", tree.path, "--json", "--depth", "\(depth)")
      #expect(run.code == 0)
      let tally = try #require(try run.json() as? [String: Any])
      #expect(try Totals(tally) == Totals.byFindAndWc(tree.path))
      #expect(tally["unreadable"] as? Int == 0, "\(run.errors)")
      let parts = try #require(tally["subtrees"] as? [[String: Any]])
      #expect(parts.count == (depth == 0 ? 0 : 14))
      for part in parts where (part["path"] as? String)?.hasSuffix("/contents") ?? false {
        #expect(try Totals(part) == Totals.byFindAndWc("\(tree.path)/contents"))
      }
    }

    @Test(arguments: [("forkServer", "/usr/include"), ("spawn", "/usr/include/linux")])
    func aRealTreeIsCountedAsByFindAndWc(method: String, tree: String) throws {
      let run = try Tool.run("run", "tally", tree, "--json", "--quiet", "--start-method", method)
      #expect(run.code == 0)
      #expect(run.errors == "")
      let tally = try #require(try run.json() as? [String: Any])
      #expect(try Totals(tally) == Totals.byOneWc(tree))
    }

    @Test func theTableHasARowForEachPartAndOneForAll() throws {
      let tree = try NastyTree()
      let run = try Tool.run("run", "tally", tree.path, "--quiet", "--limit", "1")
      #expect(run.code == 0)
      #expect(run.lines.count == 16)
      let totals = try Totals.byFindAndWc(tree.path)
      let numbers = run.lines.last?.split(separator: " ").prefix(5).compactMap { Int($0) }
      #expect(numbers == [totals.files, totals.lines, totals.words, totals.bytes, 0])
    }

    @Test func aDirectoryWithManyMoreSubdirectoriesThanTheLimitIsCounted() throws {
      let directory = try TemporaryDirectory()
      _ = try Tool.run(
        shell: "cd \(directory.path) && mkdir $(seq 300) && for d in *; do echo $d > $d/f; done")
      let run = try Tool.run(
        "run", "tally", directory.path, "--json", "--limit", "3", "--quiet")
      let tally = try #require(try run.json() as? [String: Any])
      #expect(try Totals(tally) == Totals.byFindAndWc(directory.path))
      #expect((tally["subtrees"] as? [Any])?.count == 300)
    }

    @Test func theGivenDirectoryMayBeALinkAndHaveAnyName() throws {
      let tree = try NastyTree()
      let run = try Tool.run(
        shell: """
          ln -s \(tree.path)/other $TMPDIR/link &&
          "$PTREE" run tally $TMPDIR/link --quiet --json &&
          cd \(tree.path) && "$PTREE" run tally --quiet --json -- -rf &&
          "$PTREE" run tally --quiet --json "$(printf '\\377\\376\\200')"
          """)
      #expect(run.code == 0, "\(run.errors)")
      try #require(run.lines.count == 3)
      for (line, files) in zip(run.lines, [1, 11, 11]) {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["files"] as? Int == files)
      }
    }

    @Test func whatIsNoDirectoryIsBadInput() throws {
      for path in ["/etc/passwd", "/nowhere", ""] {
        let run = try Tool.run("run", "tally", path, "--quiet")
        #expect(run.code == 2)
        #expect(run.output == "")
        #expect(run.errors.contains("ptree: \(path): "))
      }
    }

    @Test(.enabled(if: Nobody.canRunTheTool))
    func whatCannotBeReadIsToldCountedAndPassedOver() throws {
      let run = try Tool.run(
        shell: """
          umask 000; mkdir $TMPDIR/d $TMPDIR/d/sub $TMPDIR/d/shut; chmod 1777 $TMPDIR
          echo a b > $TMPDIR/d/open; echo c > $TMPDIR/d/closed; echo d > $TMPDIR/d/sub/closed
          echo e > $TMPDIR/d/shut/f; chmod 000 $TMPDIR/d/closed $TMPDIR/d/sub/closed $TMPDIR/d/shut
          \(Nobody.prefix) "$PTREE" run tally $TMPDIR/d --json --quiet
          """)
      #expect(run.code == 0)
      let tally = try #require(try run.json() as? [String: Any])
      #expect(tally["unreadable"] as? Int == 3)
      #expect(tally["files"] as? Int == 3)
      #expect(tally["words"] as? Int == 2)
      for name in ["/d/closed", "/d/sub/closed", "/d/shut"] {
        #expect(run.errors.contains("\(name): Permission denied\n"))
      }
    }
  }
}

/// A user without privileges, for what a superuser may read all the same.
enum Nobody {
  static let prefix =
    getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups --" : ""

  /// Not when the build lies where only its owner may go.
  static var canRunTheTool: Bool {
    (try? Tool.run(shell: "\(prefix) \"$PTREE\" --version").code) == 0
  }
}
