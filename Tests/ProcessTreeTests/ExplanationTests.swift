import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

extension ProcessTrees {
  /// The texts about runs that wait, and about runs that have failed.
  struct ExplanationTests {
    @Test(arguments: startMethods)
    func aFailedRunLeavesAPostMortem(method: String) async throws {
      let directory = NSTemporaryDirectory() + "post-mortem-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: directory) }
      let outcome = try await Fixture.run(
        "failsAmidWork", method,
        environment: ["PROCESS_TREE_POST_MORTEM": directory, "SECRET": "hunter2"])
      #expect(outcome.status == 1)
      let files = try FileManager.default.contentsOfDirectory(atPath: directory)
      let file = try #require(files.first)
      let path = "\(directory)/\(file)"
      #expect(files.count == 1)
      #expect(outcome.errors.hasSuffix("process-tree: post-mortem: \(path)\n"), "\(outcome.errors)")
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for part in [
        "exit code 1", "Process-2: crashing (pid ", "killed by SIGKILL",
        "== Nodes right after the first failure", "== Nodes when the root's program failed",
        "/dozer#1 (dozer, pid ", "for a time to pass", "crashing:\n  about to crash",
        "Process-1: dozer stopping",
      ] {
        #expect(text.contains(part), "\(part) in \(text)")
      }
      #expect(!text.contains("hunter2"))
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func aRunThatSucceedsLeavesNoPostMortem() async throws {
      let directory = NSTemporaryDirectory() + "post-mortem-\(UUID().uuidString)"
      let outcome = try await Fixture.run(
        "squares", environment: ["PROCESS_TREE_POST_MORTEM": directory])
      #expect(outcome.status == 0 && !outcome.errors.contains("post-mortem"))
      #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test func aPostMortemThatCannotBeWrittenIsALine() async throws {
      let outcome = try await Fixture.run(
        "failsAmidWork", environment: ["PROCESS_TREE_POST_MORTEM": "/dev/full/directory"])
      #expect(outcome.status == 1)
      let last = outcome.errors.split(separator: "\n").last
      #expect(last?.hasPrefix("process-tree: no post-mortem: ") == true, "\(outcome.errors)")
      // A disk without room, as far as this process is concerned.
      let directory = NSTemporaryDirectory() + "post-mortem-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: directory) }
      let full = try await Fixture.run(
        "failsAmidWork", environment: ["PROCESS_TREE_POST_MORTEM": directory],
        shell: "ulimit -f 1")
      #expect(full.status == 1)
      #expect(full.errors.contains("process-tree: no post-mortem: "), "\(full.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }
  }
}
